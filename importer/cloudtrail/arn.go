package cloudtrail

import (
	"regexp"
	"strings"
)

// cutARN returns what follows the account in an ARN, and which service it is of. Where
// id is no ARN its last result is false.
func cutARN(id string) (service, resource string, ok bool) {
	parts := strings.SplitN(id, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[2] == "" {
		return "", "", false
	}
	return parts[2], parts[5], true
}

// accountOf returns the account in an ARN, or "".
func accountOf(id string) string {
	if parts := strings.SplitN(id, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return ""
}

// An arnForm says how the ARNs of one type of resource are read, where it is not as
// most are: type/name, type:name, or such a name with something random behind it, which
// people do not say. They are from the tables of resource types in the Service
// Authorization Reference.
type arnForm struct {
	// kind is the type of the resource, where it is not the ARN's own in camel case.
	kind string
	// name cuts what follows the type to what people say. Nil cuts what is random.
	name func(string) string
	// id cuts it to what tells two apart. Nil leaves it.
	id func(string) string
}

// arnForms are by service and the ARN's type, with a dot between them, or by a service
// whose ARNs have no types.
var arnForms = map[string]arnForm{
	"s3":           {kind: "Object", name: same},
	"sns":          {kind: "Topic", name: beforeColon},
	"sqs":          {kind: "Queue", name: same},
	"codecommit":   {kind: "Repository", name: same},
	"codepipeline": {kind: "Pipeline", name: same},
	"execute-api":  {kind: "RestApi", name: same},

	"autoscaling.autoScalingGroup":    {kind: "AutoScalingGroup", name: afterSlash, id: afterSlash},
	"autoscaling.launchConfiguration": {kind: "LaunchConfiguration", name: afterSlash, id: afterSlash},
	"autoscaling.scalingPolicy":       {name: lastPart},
	"cloudformation.changeSet":        {name: cutRandom},
	"ecs.container-instance":          {name: afterSlash},
	"ecs.service":                     {name: afterSlash},
	"ecs.task":                        {name: afterSlash},
	"elasticloadbalancing.listener":   {name: listener},
	"elasticloadbalancing.listener-rule": {
		kind: "ListenerRule", name: listener},
	"elasticloadbalancing.loadbalancer": {kind: "LoadBalancer", name: cutRandom},
	"elasticloadbalancing.targetgroup":  {kind: "TargetGroup", name: cutRandom},
	"iam.group":                         {name: afterSlash, id: afterSlash},
	"iam.instance-profile":              {name: afterSlash, id: afterSlash},
	"iam.mfa":                           {kind: "MFADevice", name: same},
	"iam.oidc-provider":                 {kind: "OpenIDConnectProvider", name: same},
	"iam.policy":                        {name: afterSlash, id: afterSlash},
	"iam.role":                          {name: afterSlash, id: afterSlash},
	"iam.server-certificate":            {name: afterSlash, id: afterSlash},
	"iam.user":                          {name: afterSlash, id: afterSlash},
	"kms.alias":                         {name: alias, id: alias},
	"lambda.function":                   {name: beforeColon},
	"logs.log-group":                    {name: logGroup, id: logGroup},
	"organizations.account":             {name: afterSlash},
	"organizations.ou":                  {kind: "OrganizationalUnit", name: afterSlash},
	"organizations.policy":              {name: afterSlash},
	"rds.cluster":                       {kind: "DBCluster", name: same},
	"rds.cluster-snapshot":              {kind: "DBClusterSnapshot", name: same},
	"rds.db":                            {kind: "DBInstance", name: same},
	"rds.snapshot":                      {kind: "DBSnapshot", name: same},
	"secretsmanager.secret":             {name: secretName, id: secretName},
	"ssm.parameter":                     {name: parameter, id: parameter},
	"states.execution":                  {name: lastPart},
	"states.express":                    {kind: "Execution", name: same},
	"sts.assumed-role":                  {name: same},
	"wafv2.global":                      {kind: "WebACL", name: webACL, id: afterFirst},
	"wafv2.regional":                    {kind: "WebACL", name: webACL, id: afterFirst},
}

// typeless are the services whose ARNs have no types, so that their forms are by the
// service alone.
var typeless = []string{"s3", "sns", "sqs", "codecommit", "codepipeline", "execute-api"}

// random is what services put behind a name to make it their own: a UUID, or 16
// hexadecimal digits and more, some of which are digits.
var random = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32})$`)

// secretTail is what Secrets Manager puts behind a name.
var secretTail = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// identify returns what tells the resource apart that id, a name, an ARN or a URL,
// stands for, and what people call it. A resource in another account than the given one
// keeps its whole ARN as id: its name is not unique here.
func identify(id, account string) (short, name string) {
	if strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "http://") {
		short = queue(id)
		return short, short
	}
	for _, path := range []string{"/hostedzone/", "/change/", "/delegationset/"} { // Route 53's ids
		id = strings.TrimPrefix(id, path)
	}
	_, rest, form, ok := readARN(id)
	if !ok {
		return id, id
	}
	short, name = rest, rest
	if form.id != nil {
		short = form.id(rest)
	}
	if form.name == nil {
		form.name = cutRandom
	}
	name = form.name(rest)
	if owner := accountOf(id); owner != "" && account != "" && owner != account || short == "" {
		short = id
	}
	if name == "" {
		name = short
	}
	return short, name
}

// readARN returns the type in an ARN, what follows it, and its form.
func readARN(id string) (kind, rest string, form arnForm, ok bool) {
	service, resource, ok := cutARN(id)
	if !ok {
		return "", "", form, false
	}
	if contains(typeless, service) {
		form = arnForms[service]
		if service == "s3" && !strings.Contains(resource, "/") {
			return "Bucket", resource, form, true
		}
		return form.kind, resource, form, true
	}
	resource = strings.TrimPrefix(resource, "/") // API Gateway
	i := strings.IndexAny(resource, ":/")
	if i < 0 {
		return camel(service), resource, form, true
	}
	form = arnForms[service+"."+resource[:i]]
	if kind = form.kind; kind == "" {
		kind = camel(resource[:i])
	}
	return kind, resource[i+1:], form, true
}

// kindOfARN returns the type of the resource that an ARN names, or "".
func kindOfARN(id string) string {
	kind, _, _, _ := readARN(id)
	return kind
}

// camel writes a type of ARNs as CloudTrail writes those in the names of calls:
// log-group is LogGroup.
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// queue returns the name of the queue that a URL of SQS ends in, or another URL as it is.
func queue(url string) string {
	rest := strings.TrimRight(url, "/")
	host := rest[strings.Index(rest, "//")+2:]
	i := strings.LastIndexByte(host, '/')
	if i < 0 || !strings.Contains(host[:strings.IndexByte(host, '/')], "sqs") && !strings.Contains(host, "queue") {
		return url
	}
	return host[i+1:]
}

func same(s string) string { return s }

// cutRandom cuts random parts off the end, but for the first part.
func cutRandom(s string) string {
	for {
		i := strings.LastIndexAny(s, "/:")
		if i <= 0 || !random.MatchString(s[i+1:]) {
			return s
		}
		s = s[:i]
	}
}

func afterSlash(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func lastPart(s string) string { return s[strings.LastIndexAny(s, ":/")+1:] }

func afterFirst(s string) string {
	_, rest, _ := strings.Cut(s, "/")
	return rest
}

func beforeColon(s string) string {
	name, _, _ := strings.Cut(s, ":")
	return name
}

// alias keeps the word in front, which is of the alias's name.
func alias(s string) string { return "alias/" + s }

// logGroup cuts what stands for all streams of a group.
func logGroup(s string) string { return strings.TrimSuffix(s, ":*") }

// parameter puts a slash before names with slashes in them: parameter/a/b is /a/b.
func parameter(s string) string {
	if strings.Contains(s, "/") {
		return "/" + s
	}
	return s
}

func secretName(s string) string { return secretTail.ReplaceAllString(s, "") }

// listener cuts a load balancer's listener, or a rule of one, to the load balancer.
func listener(s string) string { return cutRandom(s) }

// webACL cuts webacl/name/id to the name.
func webACL(s string) string { return cutRandom(afterFirst(s)) }
