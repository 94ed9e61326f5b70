package draw

import (
	"strings"
)

// linking are the attributes of pages that hold addresses.
var linking = [...]string{"href", "src", "action", "data-url", "data-suggest", "data-module", "data-proof"}

// newLinks returns what puts a base path in front of the addresses of a page.
func newLinks(base string) *strings.Replacer {
	var pairs []string
	for _, name := range linking {
		pairs = append(pairs, " "+name+`="/`, " "+name+`="`+base+"/")
	}
	return strings.NewReplacer(pairs...)
}

// underBase returns a page whose links lead under the base path. It works on the finished page, so that no
// template can forget it; what somebody recorded has no quotation mark there that is not escaped.
func (d *Drawer) underBase(page []byte) []byte {
	if d.base == "" {
		return page
	}
	return []byte(d.links.Replace(string(page)))
}
