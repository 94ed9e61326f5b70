package proof

import "fmt"

// Rotation says that a log is signed with another key from some moment on. Both keys have signed
// it: who trusts the one can trust the other.
type Rotation struct {
	From          PublicKey `json:"from"`
	To            PublicKey `json:"to"`
	FromSignature []byte    `json:"fromSignature"`
	ToSignature   []byte    `json:"toSignature"`
}

// Rotate has the key to of a log follow the key from.
func Rotate(origin string, from, to Key) Rotation {
	r := Rotation{From: from.Public(), To: to.Public()}
	text := r.text(origin)
	r.FromSignature, r.ToSignature = from.SignText(text), to.SignText(text)
	return r
}

// text is what both keys sign.
func (r *Rotation) text(origin string) string {
	return "auditlog key rotation v1\n" + r.From.Text(origin) + "\n" + r.To.Text(origin) + "\n"
}

// Check returns nil if both keys have signed that of the log with an origin.
func (r *Rotation) Check(origin string) error {
	text := r.text(origin)
	if !r.From.CheckText(text, r.FromSignature) || !r.To.CheckText(text, r.ToSignature) {
		return fmt.Errorf("that the key %s follows %s is not signed by both", r.To.Fingerprint(), r.From.Fingerprint())
	}
	return nil
}

// Followers returns keys, and behind them those that follow one of them in a log with an origin,
// by rotations in the order in which they were made.
func Followers(origin string, keys []PublicKey, rotations []Rotation) []PublicKey {
	known := make(map[PublicKey]bool)
	all := append([]PublicKey{}, keys...)
	for _, k := range all {
		known[k] = true
	}
	for i := range rotations {
		r := &rotations[i]
		if known[r.From] && !known[r.To] && r.Check(origin) == nil {
			known[r.To] = true
			all = append(all, r.To)
		}
	}
	return all
}
