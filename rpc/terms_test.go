package rpc

import (
	"reflect"
	"testing"

	"auditlog/audit"
)

// What filters ask for is what audit's table says, under its names.
func TestTermsAreThoseOfTheTable(t *testing.T) {
	var terms Terms
	asked := 0
	for _, f := range audit.Fields() {
		v := terms.Of(f.Name)
		if (v != nil) != (f.Asked != audit.Unasked) {
			t.Errorf("%s: a filter on the wire %t, asked for %t", f.Name, v != nil, f.Asked != audit.Unasked)
		}
		if v == nil {
			continue
		}
		asked++
		*v = Values{f.Name}
	}
	typ := reflect.TypeFor[Terms]()
	if typ.NumField() != asked {
		t.Errorf("%d members, %d are asked for", typ.NumField(), asked)
	}
	for i := range typ.NumField() {
		want := typ.Field(i).Tag.Get("json")
		if got := reflect.ValueOf(terms).Field(i).Interface().(Values); len(got) != 1 || got[0]+",omitempty" != want {
			t.Errorf("%s is %q", want, got)
		}
	}
}
