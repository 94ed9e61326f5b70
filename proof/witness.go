package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Witness is a witness as those know it who believe it: its name and public key. What it signs
// are cosignatures, as tlog-cosignature has them.
type Witness struct {
	Name string
	Key  PublicKey
}

// Cosignature is what a witness has said of a checkpoint: that when it signed, the log was
// consistent with all that it had seen of it.
type Cosignature struct{ Time time.Time }

const algCosignature = 4

func (w Witness) hash() uint32 {
	h := sha256.Sum256(append([]byte(w.Name+"\n"), w.typed()...))
	return binary.BigEndian.Uint32(h[:])
}

func (w Witness) typed() []byte { return append([]byte{algCosignature}, w.Key[:]...) }

// Text returns the witness's key as signed notes have it.
func (w Witness) Text() string {
	return fmt.Sprintf("%s+%08x+%s", w.Name, w.hash(), base64.StdEncoding.EncodeToString(w.typed()))
}

// ParseWitness reads what Text returned.
func ParseWitness(text string) (w Witness, err error) {
	text = strings.TrimSpace(text)
	parts := strings.SplitN(text, "+", 3)
	if len(parts) == 3 {
		b, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(b) == 1+len(w.Key) && b[0] == algCosignature {
			w.Name = parts[0]
			copy(w.Key[:], b[1:])
			if w.Text() == text {
				return w, nil
			}
		}
	}
	return Witness{}, fmt.Errorf("%.80q is no witness's key: want name+number+key, as \"auditlog witness --show-key\" prints it", text)
}

// cosigned is the message that a cosignature signs.
func cosigned(body string, at int64) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatInt(at, 10) + "\n" + body)
}

// Cosigner returns what signs notes as a witness of a name, at a time.
func (k Key) Cosigner(name string, at time.Time) note.Signer {
	return cosigner{k, Witness{name, k.Public()}, at.Unix()}
}

type cosigner struct {
	key Key
	Witness
	at int64
}

func (c cosigner) Name() string    { return c.Witness.Name }
func (c cosigner) KeyHash() uint32 { return c.hash() }
func (c cosigner) Sign(msg []byte) ([]byte, error) {
	sig := binary.BigEndian.AppendUint64(nil, uint64(c.at))
	return append(sig, ed25519.Sign(c.key.private, cosigned(string(msg), c.at))...), nil
}

// Verifier returns what checks the witness's signatures.
func (w Witness) Verifier() note.Verifier { return witnessVerifier{w} }

type witnessVerifier struct{ w Witness }

func (v witnessVerifier) Name() string    { return v.w.Name }
func (v witnessVerifier) KeyHash() uint32 { return v.w.hash() }
func (v witnessVerifier) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize || sig[0]&0x80 != 0 {
		return false
	}
	at := int64(binary.BigEndian.Uint64(sig))
	return ed25519.Verify(v.w.Key[:], cosigned(string(msg), at), sig[8:])
}

// Cosigned returns what the witness has signed of a checkpoint, if it has.
func (w Witness) Cosigned(signed []byte) (c Cosignature, ok bool) {
	n, err := note.Open(signed, note.VerifierList(w.Verifier()))
	if err != nil || len(n.Sigs) == 0 {
		return c, false
	}
	b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(b) < 12 {
		return c, false
	}
	return Cosignature{time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC()}, true
}

// AddCosignatures returns a signed checkpoint with the signatures of lines, which others have
// made of the same checkpoint, each by one of witnesses, put behind its own. Those that it has
// already are replaced.
func AddCosignatures(signed, lines []byte, witnesses []Witness) ([]byte, error) {
	text, sigs, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return nil, fmt.Errorf("not a signed checkpoint")
	}
	kept := strings.SplitAfter(sigs, "\n")
	added := 0
	for line := range strings.Lines(string(lines)) {
		for _, w := range witnesses {
			own := "— " + w.Name + " "
			if !strings.HasPrefix(line, own) {
				continue
			}
			if _, ok := w.Cosigned([]byte(text + "\n\n" + line)); !ok {
				continue
			}
			kept = replaceLine(kept, w, text, line)
			added++
		}
	}
	if added == 0 {
		return nil, fmt.Errorf("none of the signatures is one of the %d witnesses that are known, of this checkpoint", len(witnesses))
	}
	return []byte(text + "\n\n" + strings.Join(kept, "")), nil
}

// replaceLine puts a witness's line behind the others, in the place of an older one.
func replaceLine(lines []string, w Witness, text, line string) []string {
	var kept []string
	for _, l := range lines {
		if _, is := w.Cosigned([]byte(text + "\n\n" + l)); !is && l != "" {
			kept = append(kept, l)
		}
	}
	return append(kept, line)
}
