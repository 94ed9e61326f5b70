package format

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// every returns samples, and what the generator makes.
func every() []*audit.Entry {
	list := append(samples(), audittest.Full())
	g := audittest.New(7, time.Minute)
	for range 200 {
		e := g.Next()
		e.RecordedAt = e.CreatedAt
		list = append(list, e)
	}
	return list
}

// ocsfSchema is what the published schema says of the classes and objects that are used:
// names, types, what is required, the numbers that there are.
type ocsfSchema struct {
	Version string
	Classes map[string]struct {
		ocsfObject
		UID, Category            int
		Caption, CategoryCaption string
		Deprecated               bool
	}
	Objects map[string]ocsfObject
}

type ocsfObject struct {
	Attributes map[string]struct {
		Type                                string
		Required, Array, Object, Deprecated bool
		Enum                                map[string]string
	}
	AtLeastOne []string `json:"at_least_one"`
}

func readSchema(t *testing.T, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(string(line)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return m
}

// Every event of OCSF has what the schema requires of its class, and nothing that the schema
// does not know.
func TestOCSFAgainstItsSchema(t *testing.T) {
	var schema ocsfSchema
	readSchema(t, "testdata/ocsf-"+ocsfVersion+".json", &schema)
	seen := make(map[string]int)
	for _, e := range every() {
		event := decode(t, OCSF.Append(nil, origin, e))
		uid, _ := strconv.Atoi(event["class_uid"].(json.Number).String())
		for name, c := range schema.Classes {
			if c.UID != uid {
				continue
			}
			seen[name]++
			schema.check(t, e.Action, c.ocsfObject, event)
			if event["class_name"] != c.Caption || event["category_name"] != c.CategoryCaption || c.Deprecated {
				t.Errorf("%s: %v of %v, want %s of %s", e.Action, event["class_name"], event["category_name"], c.Caption, c.CategoryCaption)
			}
			number := event["activity_id"].(json.Number).String()
			caption := c.Attributes["activity_id"].Enum[number]
			if event["type_name"] != c.Caption+": "+caption || number != "99" && event["activity_name"] != caption {
				t.Errorf("%s: %v, %v, want %s", e.Action, event["type_name"], event["activity_name"], caption)
			}
			kind := event["type_uid"].(json.Number).String()
			if got, _ := strconv.Atoi(number); kind != strconv.Itoa(uid*100+got) || event["category_uid"].(json.Number).String() != strconv.Itoa(c.Category) {
				t.Errorf("%s: type %s, category %v", e.Action, kind, event["category_uid"])
			}
		}
	}
	if len(seen) != len(schema.Classes) {
		t.Errorf("events are of %v", seen)
	}
}

// check compares an object with its description.
func (s *ocsfSchema) check(t *testing.T, where string, o ocsfObject, got map[string]any) {
	t.Helper()
	for name, a := range o.Attributes {
		if _, ok := got[name]; a.Required && !ok {
			t.Errorf("%s.%s is required", where, name)
		}
	}
	if has := func(name string) bool { _, ok := got[name]; return ok }; len(o.AtLeastOne) > 0 && !slices.ContainsFunc(o.AtLeastOne, has) {
		t.Errorf("%s has none of %v", where, o.AtLeastOne)
	}
	for name, v := range got {
		a, ok := o.Attributes[name]
		at := where + "." + name
		if !ok || a.Deprecated {
			t.Errorf("%s is not in the schema, or no longer", at)
			continue
		}
		if list, isList := v.([]any); isList != a.Array {
			t.Errorf("%s is a list: %v", at, isList)
			continue
		} else if isList {
			v = list[0]
		}
		// Of classes and categories each has its own, which are compared above.
		own := name == "class_uid" || name == "category_uid"
		if n, ok := v.(json.Number); ok && a.Enum != nil && a.Enum[n.String()] == "" && !own {
			t.Errorf("%s is %s, which means nothing", at, n)
		}
		s.checkType(t, at, a.Type, v)
	}
}

func (s *ocsfSchema) checkType(t *testing.T, at, kind string, v any) {
	t.Helper()
	inner, isObject := v.(map[string]any)
	_, isNumber := v.(json.Number)
	switch kind {
	case "integer_t", "long_t", "timestamp_t":
		if !isNumber {
			t.Errorf("%s is %v, not a number", at, v)
		}
	case "ip_t":
		if _, err := netip.ParseAddr(v.(string)); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	case "object": // anything
	default:
		if isNumber {
			t.Errorf("%s is a number, want %s", at, kind)
		}
		if o, known := s.Objects[kind]; known && isObject {
			s.check(t, at, o, inner)
		} else if isObject {
			t.Errorf("%s is an object that the test does not know: %s", at, kind)
		}
	}
}

// ecsSchema is what the published schema says of the fields that are used and those beside.
type ecsSchema struct {
	Fields map[string]struct {
		Type   string
		Array  bool
		Values map[string][]string // with the types of events that a category may have
	}
}

// Every document of ECS has fields of the schema alone, but for those under auditlog.
func TestECSAgainstItsSchema(t *testing.T) {
	var schema ecsSchema
	readSchema(t, "testdata/ecs-"+ecsVersion+".json", &schema)
	for _, e := range every() {
		doc := decode(t, ECS.Append(nil, origin, e))
		for _, need := range []string{"@timestamp", "ecs", "event", "organization"} {
			if doc[need] == nil {
				t.Errorf("%s: no %s", e.Action, need)
			}
		}
		delete(doc, "auditlog")
		flat := make(map[string]any)
		flatten("", doc, flat)
		for name, v := range flat {
			f, ok := schema.Fields[name]
			if !ok {
				t.Errorf("%s is no field of ECS", name)
				continue
			}
			list, isList := v.([]any)
			if isList != f.Array {
				t.Errorf("%s is a list: %v", name, isList)
			} else if !isList {
				list = []any{v}
			}
			for _, v := range list {
				if text, _ := v.(string); f.Values != nil && f.Values[text] == nil {
					t.Errorf("%s may not be %v", name, v)
				}
				if _, isNumber := v.(json.Number); isNumber != (f.Type == "long") {
					t.Errorf("%s is %v, want %s", name, v, f.Type)
				}
			}
		}
		category := flat["event.category"].([]any)[0].(string)
		for _, kind := range flat["event.type"].([]any) {
			if !slices.Contains(schema.Fields["event.category"].Values[category], kind.(string)) {
				t.Errorf("%s: %s has no event of type %s", e.Action, category, kind)
			}
		}
	}
}

func flatten(prefix string, m map[string]any, to map[string]any) {
	for name, v := range m {
		if inner, ok := v.(map[string]any); ok {
			flatten(prefix+name+".", inner, to)
		} else {
			to[prefix+name] = v
		}
	}
}
