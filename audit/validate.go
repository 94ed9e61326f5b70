package audit

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"auditlog/audit/nfc"
)

// Limits of an entry's parts, in bytes of UTF-8.
const (
	MaxProject   = 128
	MaxName      = 512  // actor.email, action, resource.type, resource.locationId, metadata keys, change fields
	MaxValue     = 2048 // resource.id, resource.name, request.*, actor.label
	MaxKey       = 256  // key
	MaxStored    = 64<<10 - 1
	MaxBatch     = 10_000
	MaxBatchSize = 32 << 20
)

// MaxAhead is how far in the future CreatedAt may lie, for clocks that differ.
const MaxAhead = 5 * time.Minute

// Normalize brings an entry from outside into the form in which it is kept:
// times in UTC and microseconds, an actor without a type a User.
func (e *Entry) Normalize() {
	if e.Actor.Type == "" {
		e.Actor.Type = User
	}
	if !e.CreatedAt.IsZero() {
		e.CreatedAt = Truncate(e.CreatedAt)
	}
	if len(e.Changes) == 0 {
		e.Changes = nil
	}
	if len(e.Metadata) == 0 {
		e.Metadata = nil
	}
}

// Validate reports the first thing about a normalized entry that the log refuses,
// as a Fault with the path of the field. now is the log's own time. What only
// the log sets (ID, Seq, RecordedAt, RecordedBy) is not looked at, nor the size of the whole.
func (e *Entry) Validate(now time.Time) error {
	if err := ValidateProject(e.Project); err != nil {
		return err
	}
	for _, f := range bounded {
		if err := validateName(f.Path, *f.text(e), f.Limit, f.Required); err != nil {
			return err
		}
	}
	for _, f := range chosen {
		if err := f.validateValue(*f.text(e)); err != nil {
			return err
		}
	}
	if err := e.validateTexts(); err != nil {
		return err
	}
	return e.validateTime(now)
}

// validateTexts checks what may be long; the size of the whole entry bounds it.
func (e *Entry) validateTexts() error {
	for _, f := range unbounded {
		if !utf8.ValidString(*f.text(e)) {
			return FieldErrorf(f.Path, "must be valid UTF-8")
		}
	}
	for i := range e.Changes {
		if err := e.Changes[i].validate(); err != nil {
			return AtPath(err, fmt.Sprintf("changes[%d]", i))
		}
	}
	return e.validateMetadata()
}

func (c *Change) validate() error {
	if err := validateName("field", c.Field, MaxName, true); err != nil {
		return err
	}
	if !utf8.ValidString(c.Old) {
		return FieldErrorf("old", "must be valid UTF-8")
	}
	if !utf8.ValidString(c.New) {
		return FieldErrorf("new", "must be valid UTF-8")
	}
	return nil
}

// validateMetadata reports the fault of the least name at fault, so that the
// answer to one request is always the same.
func (e *Entry) validateMetadata() error {
	var least string
	var fault error
	for k, v := range e.Metadata {
		if fault != nil && k > least {
			continue
		}
		if err := validateMember(k, v); err != nil {
			least, fault = k, err
		}
	}
	return fault
}

func validateMember(name, value string) error {
	if name == "" {
		return FieldErrorf("metadata", "must not have an empty name")
	}
	if len(name) > MaxName {
		return FieldErrorf("metadata", "must not have names of more than %d bytes", MaxName)
	}
	if err := validateName("metadata", name, MaxName, true); err != nil {
		return err
	}
	if !utf8.ValidString(value) {
		return FieldErrorf("metadata."+name, "must be valid UTF-8")
	}
	return nil
}

// The years outside these bounds have no RFC 3339 form, or mean "not set".
var (
	minTime = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// HoldsTime reports whether the log can hold a time: one of the years 1 to 9999, without
// the first day of the year 1, which stands for a time that is not set.
func HoldsTime(t time.Time) bool { return !t.Before(minTime) && !t.After(maxTime) }

func (e *Entry) validateTime(now time.Time) error {
	if e.CreatedAt.IsZero() {
		return nil
	}
	if !HoldsTime(e.CreatedAt) {
		return FieldErrorf("createdAt", "must lie between the years 1 and 9999")
	}
	if e.CreatedAt.Sub(now) > MaxAhead {
		return FieldErrorf("createdAt", "must be no more than %v in the future", MaxAhead)
	}
	return nil
}

// ValidateProject reports what is wrong with a project's name. Access is granted by
// names, so no two may look the same for want of something to see.
func ValidateProject(name string) error {
	if err := validateName("project", name, MaxProject, true); err != nil {
		return err
	}
	if strings.HasPrefix(name, "_") && name != SystemProject {
		return FieldErrorf("project", "must not start with an underscore, which is kept for the log itself")
	}
	if strings.TrimSpace(name) != name {
		return FieldErrorf("project", "must not begin or end with a space")
	}
	if strings.Contains(name, "  ") {
		return FieldErrorf("project", wrongSpaces)
	}
	if IsASCII(name) { // every entry has its project looked at
		return nil
	}
	if strings.ContainsFunc(name, isUnseen) {
		return FieldErrorf("project", "must not hold characters that cannot be seen")
	}
	if strings.ContainsFunc(name, isOtherSpace) {
		return FieldErrorf("project", wrongSpaces)
	}
	if !nfc.Is(name) {
		return FieldErrorf("project", "must be in Unicode's normalization form C: a letter and its accent are one character")
	}
	return nil
}

// ValidateNewProject reports what is wrong with the name of a project that is to begin, beside what
// ValidateProject says of any: clients take a dot or two for a step within a path, and fold away the
// addresses of such a project's tree. Logs that have one keep it.
func ValidateNewProject(name string) error {
	if name == "." || name == ".." {
		return Errorf(Invalid, "must not be \".\" or \"..\", which addresses cannot hold")
	}
	return nil
}

const wrongSpaces = "must not hold spaces but single ones of the usual kind"

// isUnseen reports whether r takes no place of its own, parts lines, or is drawn as
// nothing: two names that differ by it look the same.
func isUnseen(r rune) bool {
	const brailleBlank = '\u2800'
	return r == brailleBlank || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// isOtherSpace reports whether r is a space and looks like the usual one.
func isOtherSpace(r rune) bool { return r != ' ' && unicode.Is(unicode.Zs, r) }

func validateName(path, s string, limit int, required bool) error {
	if s == "" {
		if required {
			return FieldErrorf(path, "is required")
		}
		return nil
	}
	if len(s) > limit {
		return FieldErrorf(path, "must be at most %d bytes", limit)
	}
	if !printable(s) {
		return validateRunes(path, s)
	}
	return nil
}

// printable reports whether s is ASCII without control characters. It looks at eight bytes at a time,
// at some of them twice where they do not come out even.
func printable(s string) bool {
	b, n := []byte(s), len(s) // which is no copy, as it is only read
	if n >= 8 {
		other := anyOther(binary.LittleEndian.Uint64(b[n-8:]))
		for ; len(b) > 8; b = b[8:] {
			other |= anyOther(binary.LittleEndian.Uint64(b))
		}
		return other == 0
	}
	for _, c := range b {
		if c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// anyOther returns 0 unless one of the eight bytes of v is below 0x20 or above 0x7e. What is borrowed is
// as with anySpecial.
func anyOther(v uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	return ((v - 0x20*each) | ((v ^ 0x7f*each) - each) | v) & high
}

func validateRunes(path, s string) error {
	if !utf8.ValidString(s) {
		return FieldErrorf(path, "must be valid UTF-8")
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return FieldErrorf(path, "must not hold control characters")
	}
	return nil
}
