package cloudtrail

import (
	"slices"
	"strconv"
	"strings"
)

// resource is what a call was made to.
type resource struct {
	kind, id, name string
	// all holds what the call names of all that it was made to.
	all []string
}

// short returns what to call it in a line.
func (r *resource) short() string {
	name := r.name
	if name == "" {
		name = r.id
	}
	if n := len(r.ids()); n > 1 {
		name += " and " + strconv.Itoa(n-1) + " more"
	}
	return name
}

// ids are those of all, without the ARNs beside them.
func (r *resource) ids() []string {
	var ids []string
	for _, id := range r.all {
		if _, _, isARN := cutARN(id); !isARN {
			ids = append(ids, id)
		}
	}
	return ids
}

// resource finds what the call was made to: by the parameters of its kind, in the
// request, then in the response and what else the event tells; then by a name at the
// request's top; then by the resources that the event lists; and last, unless the call
// makes something new, by the first parameter that looks like one.
func (e *event) resource() resource {
	r := resource{kind: kindOf(e.service(), e.Name)}
	if _, known := nouns[r.kind]; !known || r.kind == "Tag" {
		if target := e.tagged(); target != "" {
			r.kind = kindOfARN(target)
			r.set(e, []leaf{{value: target}})
			r.list(e)
			return r
		}
	}
	r.set(e, e.identifying(r.kind))
	if r.id != "" {
		r.contain(e)
	}
	r.call(e)
	r.list(e)
	return r
}

// identifying returns the parameters that tell which resource of a kind is meant.
func (e *event) identifying(kind string) []leaf {
	parts := [][]leaf{e.Request, e.Response, e.Service, e.Additional}
	for _, part := range parts {
		if found := find(part, idsOf(kind), anywhere); found != nil {
			return found
		}
	}
	for _, part := range [][]leaf{e.Request, e.Service, e.Additional} {
		if found := find(part, []string{"name", "arn", "id"}, atTop); found != nil {
			return found
		}
	}
	for _, listed := range e.Resources {
		if id := listedID(listed); id != "" {
			return []leaf{{key: "arn", value: id}}
		}
	}
	if !e.makes() {
		if found := findLike(e.Request); found != nil {
			return found
		}
	}
	if kind == "Account" && e.Account != "" {
		return []leaf{{value: e.Account}}
	}
	return nil
}

// tagged returns the ARN of what a call is made to whose name tells no type, such as
// TagResource, or "".
func (e *event) tagged() string {
	found := find(e.Request, []string{"resource", "resourceArn", "resourceArns", "resourceARNList", "resourceName", "arn"}, anywhere)
	for _, l := range found {
		if _, _, ok := cutARN(l.value); ok {
			return l.value
		}
	}
	return ""
}

// set takes the values of one parameter.
func (r *resource) set(e *event, found []leaf) {
	for i, l := range found {
		id, name := identify(l.value, e.Account)
		if i == 0 {
			r.id = id
			if name != l.value || strings.HasSuffix(strings.ToLower(l.key), "name") {
				r.name = name
			}
		}
		if !slices.Contains(r.all, id) {
			r.all = append(r.all, id)
		}
	}
}

// contain puts before the id what the resource is a part of, where the id alone could
// be that of another one.
func (r *resource) contain(e *event) {
	within := nouns[r.kind].within
	if within == "" {
		return
	}
	found := find(e.Request, []string{within}, anywhere)
	if found == nil {
		return
	}
	whole, _ := identify(found[0].value, e.Account)
	for i, id := range r.all {
		if !strings.HasPrefix(id, whole+"/") && !strings.HasPrefix(id, "arn:") {
			r.all[i] = whole + "/" + id
		}
	}
	switch {
	case nouns[r.kind].whole:
		r.name = r.all[0]
	case r.name == "":
		r.name = r.id
	}
	r.id = r.all[0]
}

// call gives the resource the name by which people call it, if there is another one
// than its id.
func (r *resource) call(e *event) {
	if r.name != "" && r.name != r.id {
		return
	}
	for _, part := range [][]leaf{e.Request, e.Response} {
		if found := find(part, namesOf(r.kind), anywhere); found != nil {
			_, r.name = identify(found[0].value, e.Account)
			return
		}
	}
}

// list adds the resources that the event lists to all, where they are others.
func (r *resource) list(e *event) {
	for _, listed := range e.Resources {
		arn := listedID(listed)
		if arn == "" {
			continue
		}
		id, _ := identify(arn, e.Account)
		if !slices.Contains(r.all, id) && !slices.Contains(r.all, arn) {
			r.all = append(r.all, arn)
		}
	}
}

// listedID returns the ARN, or the name, of a resource that an event lists.
func listedID(o object) string {
	for _, name := range []string{"ARN", "arn", "ResourceName", "resourceName"} {
		if id := named(o.name(name)); id != "" {
			return id
		}
	}
	return ""
}

// makes reports whether the call is to make something, so that its parameters
// name what is not what it makes.
func (e *event) makes() bool {
	for _, verb := range []string{"Create", "Run", "Allocate", "Register", "Import", "Copy", "Request"} {
		if strings.HasPrefix(e.Name, verb) {
			return true
		}
	}
	return false
}
