package proof

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Head is a leaf of the master log: one state of all projects.
type Head struct {
	Number int64     // from 0; that of the leaf
	Time   time.Time // in seconds
	Depth  int       // of the tree over the projects' checkpoints
	Root   Hash      // of that tree
}

const headTitle = "auditlog head v1"

// Text returns the leaf: a title, number, seconds since 1970, depth and root, a line each.
func (h Head) Text() string {
	return fmt.Sprintf("%s\n%d\n%d\n%d\n%s\n", headTitle, h.Number, h.Time.Unix(), h.Depth,
		base64.StdEncoding.EncodeToString(h.Root[:]))
}

// ParseHead reads what Text returned.
func ParseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] != headTitle || lines[5] != "" {
		return Head{}, fmt.Errorf("not a head of a log")
	}
	var n [3]int64
	for i := range n {
		v, err := strconv.ParseInt(lines[i+1], 10, 64)
		if err != nil || strconv.FormatInt(v, 10) != lines[i+1] {
			return Head{}, fmt.Errorf("not a head of a log: %.40q is no number", lines[i+1])
		}
		n[i] = v
	}
	root, err := parseHash(lines[4])
	if err != nil || n[0] < 0 || n[2] < 0 || n[2] > 40 {
		return Head{}, fmt.Errorf("not a head of a log")
	}
	return Head{Number: n[0], Time: time.Unix(n[1], 0).UTC(), Depth: int(n[2]), Root: root}, nil
}

// LeafHash returns the hash of the leaf of the master log that h is.
func (h Head) LeafHash() Hash { return MasterHash([]byte(h.Text())) }

// MasterHash returns the hash of a leaf of the master log with a text.
func MasterHash(text []byte) Hash { return tlog.RecordHash(text) }

const continuationTitle = "auditlog continuation v1"

// Continuation returns the first leaf of a master log that continues another, of which a
// checkpoint was the last: a title and that checkpoint.
func Continuation(old Checkpoint) string { return continuationTitle + "\n" + old.Body() }

// checkpoint returns that of the tree of h.
func (h Head) checkpoint() Checkpoint {
	return Checkpoint{Origin: "head " + strconv.FormatInt(h.Number, 10), Size: 1 << h.Depth, Root: h.Root}
}

// CheckHead returns nil if a proof shows that a project's checkpoint is leaf n of h's tree.
func CheckHead(proof []Hash, h Head, n int64, c Checkpoint) error {
	return CheckInclusion(proof, h.checkpoint(), n, CheckpointHash(c))
}

// CheckpointHash returns the hash of the leaf of a head's tree that a checkpoint is.
func CheckpointHash(c Checkpoint) Hash { return tlog.RecordHash([]byte(c.Body())) }

// HeadTree returns the leaves of the tree over the checkpoints of which hashes are given, as
// Leaves. Who sees a proof of it is to learn nothing of the other checkpoints but the tree's
// depth: they are in the order of their hashes, which is that of chance, and filled up to a
// power of two with what looks like them, and is derived from a secret and the number of
// the head.
func HeadTree(hashes []Hash, secret []byte, number int64) (leaves Leaves, depth int) {
	depth = bits.Len(uint(max(0, len(hashes)-1)))
	leaves = append(make(Leaves, 0, 1<<depth), hashes...)
	mac := hmac.New(sha256.New, secret)
	for i := len(leaves); i < 1<<depth; i++ {
		mac.Reset()
		filler := binary.BigEndian.AppendUint64([]byte("auditlog filler v1\x00"), uint64(number))
		mac.Write(binary.BigEndian.AppendUint64(filler, uint64(i)))
		leaves = append(leaves, Hash(mac.Sum(nil)))
	}
	slices.SortFunc(leaves, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	return leaves, depth
}
