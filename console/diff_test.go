package console

import (
	"net/http"
	"strings"
	"testing"

	"auditlog/audit"
)

func TestChangeOfManyLines(t *testing.T) {
	e := testEntry("acme", "ada@example.com", "policy.update", audit.Success)
	e.Changes = []audit.Change{{Field: "policy", Old: "allow <ada>\nallow bob\nend", New: "allow <ada>\ndeny bob\nend"}, {Field: "replicas", Old: "2", New: "4"}}
	site := newDevSite(t, Options{}, e)
	a := site.visitor(t).get("/entry?project=acme&id=1&part=panel")
	for _, want := range []string{"<span>  allow &lt;ada&gt;\n</span><del>- allow bob\n</del><ins>&#43; deny bob\n</ins><span>  end\n</span>", "<del>2</del>", "<ins>4</ins>"} {
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
}
