package importer

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// resource is what a call was made to.
type resource struct {
	kind, id, name string
	// all holds the ids of all, where the call was made to several.
	all []string
}

// nouns are the words of events' names that are a type of resource, and the
// parameters that identify one, without regard to case: the first that a call
// has is taken. Without any, the parameters are those of keysOf.
var nouns = map[string][]string{
	"AccessKey":        {"accessKeyId"},
	"Address":          {"allocationId", "publicIp"},
	"Alias":            nil,
	"Association":      nil,
	"AutoScalingGroup": nil,
	"Bucket":           {"bucketName"},
	"Certificate":      nil,
	"Cluster":          nil,
	"Command":          nil,
	"DBCluster":        nil,
	"DBInstance":       nil,
	"DBSnapshot":       nil,
	"Detector":         nil,
	"Distribution":     nil,
	"Document":         nil,
	"Domain":           nil,
	"FlowLog":          {"flowLogId", "flowLogIdSet"},
	"Function":         {"functionName", "functionArn"},
	"Group":            {"groupName", "groupId"},
	"HostedZone":       nil,
	"Image":            nil,
	"Instance":         nil,
	"InstanceProfile":  {"instanceProfileName"},
	"InternetGateway":  nil,
	"Inventory":        {"instanceId"},
	"Key":              nil,
	"KeyPair":          {"keyName", "keyPairId"},
	"LaunchTemplate":   nil,
	"ListenerRule":     nil,
	"LoadBalancer":     nil,
	"LogGroup":         nil,
	"LogStream":        nil,
	"LoginProfile":     {"userName"},
	"MFADevice":        {"serialNumber"},
	"NatGateway":       nil,
	"NetworkAcl":       nil,
	"NetworkInterface": nil,
	"Object":           {}, // the ARN tells the bucket too
	"Organization":     nil,
	"Parameter":        nil,
	"Policy":           {"policyName", "policyArn"},
	"Queue":            {"queueName", "queueUrl"},
	"Repository":       nil,
	"Role":             {"roleName", "roleArn"},
	"RouteTable":       nil,
	"Secret":           {"secretId"},
	"SecurityGroup":    {"groupId"},
	"Snapshot":         nil,
	"Stack":            nil,
	"Subnet":           nil,
	"Table":            nil,
	"Tag":              {"resourceId"},
	"TargetGroup":      nil,
	"Task":             nil,
	"TaskDefinition":   nil,
	"Topic":            nil,
	"Trail":            nil,
	"User":             {"userName"},
	"Volume":           nil,
	"Vpc":              nil,
	"VpcEndpoint":      nil,
}

// kinds are the types of the resources of calls whose name has no noun, or one
// that misleads; a service alone stands for all calls of it that have none, and a
// service with the call's name for that call.
var kinds = map[string]string{
	"cloudtrail.EventSelector":   "Trail",
	"cloudtrail.InsightSelector": "Trail",
	"cloudtrail.Logging":         "Trail",
	"ec2.Key":                    "KeyPair",
	"ec2.Route":                  "RouteTable",
	"kms":                        "Key",
	"lambda":                     "Function",
	"signin":                     "Account",
	"signin.Login":               "Account",
	"sns":                        "Topic",
	"sqs":                        "Queue",
	"sqs.Message":                "Queue",
	"ssm.SendCommand":            "Instance",
}

// kindOf returns the type of resource that calls of that name are made to.
func kindOf(service, name string) string {
	if k, ok := kinds[service+"."+name]; ok {
		return k
	}
	phrase := words(dated.ReplaceAllString(name, ""))
	if len(phrase) > 0 {
		phrase = phrase[1:] // the verb
	}
	noun := firstNoun(phrase)
	if k, ok := kinds[service+"."+noun]; ok {
		return k
	}
	if noun != "" {
		return noun
	}
	if k, ok := kinds[service]; ok {
		return k
	}
	return service
}

// dated is the end of the names of calls that have versions.
var dated = regexp.MustCompile(`(\d{4}_?\d{2}_?\d{2})?(v\d+)?$`)

// firstNoun returns the first of the nouns in phrase, the longest where several
// begin, or else all of phrase.
func firstNoun(phrase []string) string {
	for i := range phrase {
		for j := len(phrase); j > i; j-- {
			noun := strings.Join(phrase[i:j], "")
			if _, ok := nouns[noun]; ok {
				return noun
			}
		}
	}
	return strings.Join(phrase, "")
}

// words splits a name in camel case, and puts each word in the singular:
// "DeleteDBInstances" is Delete, DB, Instance.
func words(name string) []string {
	var list []string
	start := 0
	runes := []rune(name)
	for i := 1; i <= len(runes); i++ {
		if i < len(runes) && !wordBegins(runes, i) {
			continue
		}
		list = append(list, singular(string(runes[start:i])))
		start = i
	}
	return list
}

// wordBegins reports whether a word begins at i: at a capital after a small
// letter, and at the last of several capitals that a small letter follows.
func wordBegins(s []rune, i int) bool {
	if !unicode.IsUpper(s[i]) {
		return false
	}
	return !unicode.IsUpper(s[i-1]) || i+1 < len(s) && unicode.IsLower(s[i+1])
}

func singular(word string) string {
	for _, ending := range []struct{ plural, singular string }{
		{"ies", "y"}, {"sses", "ss"}, {"Aliases", "Alias"}, {"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"Alias", "Alias"}, {"s", ""},
	} {
		if stem, ok := strings.CutSuffix(word, ending.plural); ok {
			return stem + ending.singular
		}
	}
	return word
}

// keysOf returns the parameters that identify a resource of a kind, without
// regard to case.
func keysOf(kind string) []string {
	if keys := nouns[kind]; keys != nil {
		return keys
	}
	var keys []string
	for _, ending := range []string{"Id", "Ids", "Arn", "Identifier", "Name", "Names", "Url", ""} {
		keys = append(keys, kind+ending)
	}
	return keys
}

// resource finds what the call was made to: by the parameters of its kind, in
// the request, then in the response and what else the event tells; then by a
// name at the request's top; then by the resources that the event lists; and last,
// unless the call makes something new, by the first parameter that looks like one.
func (e *event) resource() resource {
	r := resource{kind: kindOf(e.service(), e.Name)}
	request := leaves(e.Request)
	others := [][]leaf{leaves(e.Response), leaves(e.Service), leaves(e.Additional)}
	found := find(request, keysOf(r.kind), anywhere)
	for _, other := range others {
		if found == nil {
			found = find(other, keysOf(r.kind), anywhere)
		}
	}
	for _, from := range append([][]leaf{request}, others[1:]...) {
		if found == nil {
			found = find(from, []string{"name", "arn", "id"}, atTop)
		}
	}
	if found == nil && len(e.Resources) > 0 && e.Resources[0].ARN != "" {
		found = []leaf{{key: "arn", value: e.Resources[0].ARN}}
	}
	if found == nil && !e.makes() {
		found = findLike(request)
	}
	if found == nil && r.kind == "Account" {
		found = []leaf{{value: e.Account}}
	}
	r.set(found)
	return r
}

// set takes the values of one parameter.
func (r *resource) set(found []leaf) {
	for i, l := range found {
		id := short(l.value)
		if i == 0 {
			r.id = id
		}
		if !slices.Contains(r.all, id) {
			r.all = append(r.all, id)
		}
	}
	if len(found) > 0 && (r.id != found[0].value || strings.HasSuffix(strings.ToLower(found[0].key), "name")) {
		r.name = r.id
	}
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

// short cuts an ARN or a URL to the name that it ends in.
func short(id string) string {
	if strings.HasPrefix(id, "https://") {
		return id[strings.LastIndexByte(id, '/')+1:]
	}
	parts := strings.SplitN(id, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return id
	}
	service, name := parts[2], parts[5]
	switch service {
	case "s3": // bucket/key
		return name
	case "ssm": // parameter/name, or parameter/a/name for what is called /a/name
		_, name, _ = strings.Cut(name, "/")
		if strings.Contains(name, "/") {
			name = "/" + name
		}
		return name
	case "lambda": // function:name:version
		name = strings.TrimPrefix(name, "function:")
		name, _, _ = strings.Cut(name, ":")
		return name
	case "secretsmanager": // secret:name, and six letters that are not of the name
		name = strings.TrimPrefix(name, "secret:")
		return name[:max(len(name)-len("-AbCdEf"), 0)]
	}
	if _, rest, ok := strings.Cut(name, ":"); ok { // type:name
		return strings.TrimSuffix(rest, ":*")
	}
	return name[strings.LastIndexByte(name, '/')+1:] // type/path/name, or name
}
