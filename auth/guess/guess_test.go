package guess

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
)

const (
	base64Chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	hexChars    = "0123456789abcdef"
)

// source is a way to make secrets, none of which is likelier than 2^-bits.
type source struct {
	name   string
	n      int // characters
	bits   float64
	chars  string
	always string // in each secret
}

var sources = []source{
	{"openssl rand -hex 16", 32, 128, hexChars, ""},
	{"openssl rand -hex 32", 64, 256, hexChars, ""},
	{"openssl rand -base64 24", 32, 192, base64Chars, ""},
	{"openssl rand -base64 32", 44, 256, base64Chars + "=", "="},
	{"pwgen -s 32", 32, 32 * math.Log2(62), base64Chars[:62], ""},
	{"uuidgen, twice", 72, 2 * 122, hexChars + "-", "4-"},
	{"uuidgen, twice, in capitals", 72, 2 * 122, strings.ToUpper(hexChars) + "-", "4-"},
	{"uuidgen, without signs, twice", 64, 2 * 122, hexChars, "4"},
}

// TestNoRandomSecretIsEasy adds up what the package's text says, for the ways in which
// people are told to make a token.
func TestNoRandomSecretIsEasy(t *testing.T) {
	for _, s := range sources {
		room := 0.0
		for _, chars := range s.alphabets(kinds, "") {
			room += paths(s.n, chars)
		}
		refused := math.Pow(2, perChar*float64(s.n)-s.bits) * room
		t.Logf("%s: S is 2^%.1f, and 1 of 2^%.1f is refused at most", s.name, math.Log2(room), -math.Log2(refused))
		if refused > 1e-9 {
			t.Errorf("%s: up to %.2g are refused", s.name, refused)
		}
	}
}

// alphabets returns what secrets of s may be made of if they have characters of some kinds
// only: the code goes by the kinds that are there.
func (s source) alphabets(kinds []string, chosen string) (all []string) {
	if len(kinds) == 0 {
		if chosen == "" || strings.Trim(s.always, chosen) != "" {
			return nil
		}
		return []string{chosen}
	}
	all = s.alphabets(kinds[1:], chosen)
	if strings.ContainsAny(s.chars, kinds[0]) {
		here := strings.Map(func(c rune) rune {
			if strings.ContainsRune(kinds[0], c) {
				return c
			}
			return -1
		}, s.chars)
		all = append(all, s.alphabets(kinds[1:], chosen+here)...)
	}
	return all
}

// paths returns S(n) for secrets of some characters.
func paths(n int, chars string) float64 {
	of := share(chars)
	sum := []float64{1}
	for i := 1; i <= n; i++ {
		s := 0.0
		for k := 1; k <= min(i, len(of)-1); k++ {
			s += of[k] * sum[i-k]
		}
		sum = append(sum, s)
	}
	return sum[n]
}

// share adds up 2^-price of the elements of the code, by their length.
func share(chars string) (of [64]float64) {
	of[1] = float64(len(chars)) / float64(alphabet(chars)) // literals
	var has [256]float64
	for _, c := range []byte(chars) {
		has[c] = 1
	}
	words, _ := list()
	for word := range words {
		of[len(word)] += pow(-wordPrice(word, 0)) * spellings(word, &has)
	}
	distances := math.Pi * math.Pi / 6 / 2 // of pow(-back(distance)), however many
	for n := minRun; n < len(of); n++ {
		of[n] += pow(-runBase) * distances * pow(-oddStep) * math.Pow(1-pow(-oddStep), float64(n))
	}
	return of
}

// spellings adds up the ways to write a word, each by what it costs more than the cheapest.
func spellings(word string, has *[256]float64) float64 {
	small, large, mixed, first := 1.0, 1.0, pow(-mixedCase), 0.0
	for i, letter := range []byte(word) {
		swaps := 0.0
		for _, like := range signs[letter] {
			swaps += has[like] * pow(-swapped)
		}
		lower, upper := has[letter], has[letter&^0x20]
		first *= lower + swaps
		if i == 0 {
			first = upper
		}
		small *= lower + swaps
		large *= upper + swaps
		mixed *= lower + upper + swaps
	}
	return small + large + first + mixed
}

// signs has what may stand for a letter.
var signs = func() (signs [256][]byte) {
	for like, letter := range looksLike {
		signs[letter] = append(signs[letter], like)
	}
	return signs
}()

func pow(bits float64) float64 { return math.Pow(2, bits) }

// TestRandom tries a few, and the way that has no sum.
func TestRandom(t *testing.T) {
	for range 100 {
		var b [32]byte
		if _, err := rand.Read(b[:]); err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("%x-%x-4%x-a%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
		for _, secret := range []string{
			hex.EncodeToString(b[:16]), hex.EncodeToString(b[:]), base64.StdEncoding.EncodeToString(b[:24]),
			base64.StdEncoding.EncodeToString(b[:]), base64.RawURLEncoding.EncodeToString(b[:]), rand.Text() + rand.Text()[:6],
			strings.ToUpper(hex.EncodeToString(b[:16])), id + id[:9] + hex.EncodeToString(b[16:]),
		} {
			if Easy(secret) {
				t.Errorf("%s has %.1f bits of %.1f", secret, cost(secret), perChar*float64(len(secret)))
			}
		}
	}
}

func TestEasy(t *testing.T) {
	for _, secret := range []string{
		"passwordpasswordpasswordpass1234", "PasswordPasswordPasswordPass1234", "P@ssw0rdP@ssw0rdP@ssw0rdP@ssw0rd",
		"changemechangemechangemechangeme", "change-me-change-me-change-me-change-me", "replace-this-with-a-long-random-token",
		"mysupersecretadmintokenforproduction", "MySuperSecretAdminTokenForProduction2026!", "my_super_secret_admin_token_for_auditlog",
		"this-is-the-secret-token-of-the-audit-log", "correcthorsebatterystaplecorrect", "correct-horse-battery-staple-correct-horse",
		"CorrectHorseBatteryStapleCorrectHorse1", "letmeinletmeinletmeinletmein1234", "adminadminadminadminadminadminadmin",
		"supersecretsupersecretsupersecret!", "auditlog-admin-token-auditlog-admin-token", "Summer2026Summer2026Summer2026!!",
		"iloveyouiloveyouiloveyouiloveyou", "admin1234admin1234admin1234admin1234", "loremipsumdolorsitametconsectetur",
		"thequickbrownfoxjumpsoverthelazydog", "s3cr3tadm1nt0k3nf0rtheaud1tl0gserver", "operators-own-secret-0123456789abcdef",
		"qwertyuiopasdfghjklzxcvbnm123456", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9", "qazwsxedcrfvtgbyhnujmikolp123456", "zxcvbnmasdfghjklqwertyuiop123456",
		"asdfghjklasdfghjklasdfghjklasdfg", "QWERTYUIOPasdfghjklZXCVBNM123456", "qwertzuiopasdfghjklyxcvbnm123456", "poiuytrewqlkjhgfdsamnbvcxz098765",
		"asdfasdfasdfasdfjkljkljkljkl1234", "qwerty123456qwerty123456qwerty123456",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789abcdef0123456789abcdef",
		"abcdefghijklmnopqrstuvwxyz012345", "zyxwvutsrqponmlkjihgfedcba987654", "112233445566778899aabbccddeeffgg",
		"token1token2token3token4token5token6", "00010002000300040005000600070008", "001002003004005006007008009010011012",
		"abc001abc002abc003abc004abc005abc006", "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6", "12345678901234567890123456789012", "deadbeefdeadbeefdeadbeefdeadbeef",
		"deadbeefcafebabedeadbeefcafebabe", "00000000000000000000000000000001", "11111111222222223333333344444444", "123abc123abc123abc123abc123abc12",
		"x7Kp9x7Kp9x7Kp9x7Kp9x7Kp9x7Kp9x7", "13579135791357913579135791357913", "ffffffffffffffffeeeeeeeeeeeeeeee",
	} {
		if !Easy(secret) {
			t.Errorf("%s has %.1f bits, of %.1f", secret, cost(secret), perChar*float64(len(secret)))
		}
	}
}

func TestLongSecretsAreSoonRead(t *testing.T) {
	for _, secret := range []string{strings.Repeat("a", 512), strings.Repeat("password", 64)} {
		if !Easy(secret) {
			t.Errorf("%.20s… is taken", secret)
		}
	}
}

func BenchmarkBits(b *testing.B) {
	for b.Loop() {
		cost("b7c2a1f09d3e4856b7019ef2c4d86a35")
	}
}
