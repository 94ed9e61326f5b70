package audit

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCleanLeavesGoodEntriesAlone(t *testing.T) {
	e := full()
	delete(e.Metadata, "")
	want := e.Clone()
	e.Clean()
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got %+v", e)
	}
}

func TestClean(t *testing.T) {
	e := minimal()
	e.Request.UserAgent = strings.Repeat("é", 2000)
	e.Resource.ID = "a\x00b\xff\xfec"
	e.Changes = []Change{{Field: "f\n", Old: "\xff", New: strings.Repeat("x", 100_000)}}
	given := e.Clone()
	changes := e.Changes
	e.Clean()
	if want := strings.Repeat("é", 1022) + "…"; e.Request.UserAgent != want {
		t.Errorf("the user agent has %d bytes: %q", len(e.Request.UserAgent), e.Request.UserAgent)
	}
	if e.Resource.ID != "a b\ufffdc" && e.Resource.ID != "a b\ufffd\ufffdc" {
		t.Errorf("the resource is %q", e.Resource.ID)
	}
	if c := e.Changes[0]; c.Field != "f " || c.Old != "\ufffd" || c.New != strings.Repeat("x", 16<<10-3)+"…" {
		t.Errorf("the change is %.100q of %d bytes", c, len(c.New))
	}
	if !reflect.DeepEqual(changes, given.Changes) {
		t.Error("Clean changed what the caller still holds")
	}
}

func TestCleanTooManyChanges(t *testing.T) {
	e := minimal()
	e.Changes = make([]Change, 5000)
	for i := range e.Changes {
		e.Changes[i].Field = "f"
	}
	e.Clean()
	if n := len(e.AppendJSON(nil)); n > MaxStored || e.Actor != minimal().Actor {
		t.Errorf("the clean entry has %d bytes and the actor %+v", n, e.Actor)
	}
}

// TestCleanIsValid: whatever an entry holds, once clean it is refused for what
// it lacks only.
func TestCleanIsValid(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		s := string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
		return strings.Repeat(s, rapid.SampledFrom([]int{1, 30, 300, 4000}).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		e := minimal()
		e.Actor.Email += text.Draw(t, "email")
		e.Action += text.Draw(t, "action")
		e.Resource.ID = text.Draw(t, "resource")
		e.Request.ID = text.Draw(t, "request")
		e.Key = text.Draw(t, "key")
		e.Detail = text.Draw(t, "detail")
		if n := rapid.SampledFrom([]int{0, 1, 20}).Draw(t, "changes"); n > 0 {
			c := Change{"f" + text.Draw(t, "field"), text.Draw(t, "old"), text.Draw(t, "new")}
			for range n {
				e.Changes = append(e.Changes, c)
			}
		}
		e.Metadata = rapid.MapOfN(text, text, 0, 3).Draw(t, "metadata")
		e.Normalize()
		e.Clean()
		if err := e.Validate(testNow); err != nil {
			t.Fatal(err)
		}
		if n := len(e.AppendJSON(nil)); n > MaxStored {
			t.Fatalf("the clean entry has %d bytes", n)
		}
	})
}
