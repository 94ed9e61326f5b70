package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// TilePath is a path of tlog-tiles below a tree's own: a tile of hashes, or of entries.
type TilePath struct {
	Level   int // -1 for entries
	N       int64
	Partial int // how many hashes or entries, 0 for all 256
}

// Width returns how many hashes or entries the path is of.
func (p TilePath) Width() int {
	if p.Partial > 0 {
		return p.Partial
	}
	return TileWidth
}

// ParseTilePath reads what comes behind "tile/": level and number, "0/x001/234", with ".p/17"
// at the end where the tile is not full.
func ParseTilePath(path string) (p TilePath, err error) {
	level, number, ok := strings.Cut(path, "/")
	if level == "entries" {
		p.Level = -1
	} else if p.Level, err = strconv.Atoi(level); err != nil || p.Level < 0 || p.Level > 63 || strconv.Itoa(p.Level) != level {
		ok = false
	}
	number, partial, isPartial := strings.Cut(number, ".p/")
	if isPartial {
		if p.Partial, err = strconv.Atoi(partial); err != nil || p.Partial < 1 || p.Partial >= TileWidth || strconv.Itoa(p.Partial) != partial {
			ok = false
		}
	}
	for group := range strings.SplitSeq(number, "/") {
		n, err := strconv.Atoi(strings.TrimPrefix(group, "x"))
		if err != nil || n < 0 || n > 999 || p.N > 1<<50 {
			ok = false
			break
		}
		p.N = 1000*p.N + int64(n)
	}
	if !ok || tileNumber(p.N) != number {
		return TilePath{}, fmt.Errorf("%.100q is no path of a tile", path)
	}
	return p, nil
}

// String returns the path behind "tile/".
func (p TilePath) String() string {
	s := "entries/"
	if p.Level >= 0 {
		s = strconv.Itoa(p.Level) + "/"
	}
	s += tileNumber(p.N)
	if p.Partial > 0 {
		s += ".p/" + strconv.Itoa(p.Partial)
	}
	return s
}

// tileNumber writes a number in groups of three digits, all but the last with an x before.
func tileNumber(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// AppendTile appends hashes as a tile has them.
func AppendTile(b []byte, hashes []Hash) []byte {
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// AppendEntry appends an entry as a tile of entries has it: behind its length.
func AppendEntry(b, entry []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(entry))), entry...)
}

// LeafProof is a proof that a leaf is in a signed tree, in the format tlog-proof.
type LeafProof struct {
	Extra      []byte // of the leaf, which the proof itself does not show: its salt
	Index      int64
	Hashes     []Hash
	Checkpoint []byte // as a signed note
}

const proofTitle = "c2sp.org/tlog-proof@v1"

// Text returns the proof as a file of its own.
func (p *LeafProof) Text() []byte {
	var b bytes.Buffer
	b.WriteString(proofTitle + "\n")
	if len(p.Extra) > 0 {
		fmt.Fprintf(&b, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for i := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(p.Hashes[i][:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseLeafProof reads what Text returned.
func ParseLeafProof(text []byte) (*LeafProof, error) {
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != proofTitle || len(lines) < 2 {
		return nil, fmt.Errorf("not a proof: it must begin with %s", proofTitle)
	}
	p := &LeafProof{Checkpoint: []byte(checkpoint)}
	lines = lines[1:]
	var err error
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok && len(lines) > 1 {
		if p.Extra, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil {
			return nil, fmt.Errorf("not a proof: its extra data: %w", err)
		}
		lines = lines[1:]
	}
	index, ok := strings.CutPrefix(lines[0], "index ")
	if p.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil || p.Index < 0 || strconv.FormatInt(p.Index, 10) != index {
		return nil, fmt.Errorf("not a proof: %.60q is no index", lines[0])
	}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return nil, fmt.Errorf("not a proof: %w", err)
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}
