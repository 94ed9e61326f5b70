package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/settings"
)

// limitTable is [[limit]].
func (c *Config) limitTable() settings.Table {
	return settings.Table{Name: "limit", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
		var l audit.Limit
		fs.StringVar(&l.Name, "name", "", "")
		fs.StringVar(&l.Each, "each", "", "")
		fs.StringSliceVar(&l.Only, "only", nil, "")
		fs.Int64Var(&l.EntriesPerSecond, audit.AmountPerSecond, 0, "")
		fs.Var((*size)(&l.BytesPerDay), audit.AmountPerDay, "")
		fs.Var((*size)(&l.Bytes), audit.AmountInAll, "")
		return func() error {
			for _, other := range c.Limits {
				if other.Name == l.Name {
					return settings.Errorf("name", "%q is that of another limit", l.Name)
				}
			}
			c.Limits = append(c.Limits, l)
			return asSetting(l.Check(), "name")
		}
	}}
}

// size is a number of bytes as a flag: 4096, 500MB, 2GiB.
type size int64

// units are what a size may end with.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// Set reads s.
func (n *size) Set(s string) error {
	digits, unit := strings.TrimSpace(s), int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || count < 1 || count > math.MaxInt64/unit {
		return fmt.Errorf("%q is no size: write a number of bytes, or 500MB, 2GiB", s)
	}
	*n = size(count * unit)
	return nil
}

// String returns n in the largest unit of which it is a whole number.
func (n *size) String() string {
	for i := 3; i >= 0; i-- {
		if u := units[i]; *n > 0 && int64(*n)%u.bytes == 0 {
			return fmt.Sprint(int64(*n)/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(*n), 10)
}

// Type names the kind of value in the help text.
func (n *size) Type() string { return "size" }
