package proof

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is one state of a tree.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Body returns the checkpoint as it is signed: origin, size and root, a line each.
func (c Checkpoint) Body() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads what Body returned. Lines behind the first three are of extensions,
// which this program neither writes nor understands: it refuses them.
func ParseCheckpoint(body string) (Checkpoint, error) {
	lines := strings.Split(body, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("not a checkpoint: it must have the lines origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("not a checkpoint: its size is %.40q", lines[1])
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("not a checkpoint: its root is %.60q", lines[2])
	}
	return Checkpoint{lines[0], size, root}, nil
}

// PeekCheckpoint returns the checkpoint in a signed note. It verifies nothing: no signature is looked
// at, and anybody may have written it. OpenCheckpoint is for who believes what it says.
func PeekCheckpoint(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return Checkpoint{}, fmt.Errorf("not a signed checkpoint: it has no signature")
	}
	return ParseCheckpoint(text + "\n")
}

// parseHash reads a hash in base64, of which there is one spelling.
func parseHash(s string) (h Hash, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(h) {
		return Hash{}, fmt.Errorf("%.60q is no hash", s)
	}
	copy(h[:], b)
	return h, nil
}

// Sign returns a checkpoint as a note that signers have signed.
func Sign(c Checkpoint, signers ...note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.Body()}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint of %s: %w", c.Origin, err)
	}
	return signed, nil
}

// OpenCheckpoint returns the checkpoint in a note that one of keys has signed under the
// name of the checkpoint's origin, as logs do.
func OpenCheckpoint(signed []byte, keys ...PublicKey) (Checkpoint, error) {
	origin, _, _ := strings.Cut(string(signed), "\n")
	verifiers := make([]note.Verifier, 0, len(keys))
	for i, k := range keys {
		if !slices.Contains(keys[:i], k) { // a key that is there twice counts as none
			verifiers = append(verifiers, k.Verifier(origin))
		}
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint of %.100q: %w", origin, err)
	}
	for _, sig := range n.Sigs {
		if b, err := base64.StdEncoding.DecodeString(sig.Base64); err != nil || base64.StdEncoding.EncodeToString(b) != sig.Base64 {
			return Checkpoint{}, fmt.Errorf("checkpoint of %.100q: its signature is not spelled as it was made", origin)
		}
	}
	return ParseCheckpoint(n.Text)
}

// LogOrigin returns the origin of the master log of a lineage.
func LogOrigin(lineage string) string { return "auditlog/" + lineage }

// ProjectOrigin returns the origin of the tree of a project's incarnation in a log: names
// of notes allow neither spaces nor plus, so the project is escaped as in a URL.
func ProjectOrigin(log, project string, incarnation int) string {
	return log + "/" + escapeProject(project) + "/" + strconv.Itoa(incarnation)
}

// escapeProject returns a project's name as it stands in paths and origins.
func escapeProject(project string) string {
	return strings.ReplaceAll(url.PathEscape(project), "+", "%2B")
}
