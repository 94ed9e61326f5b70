package cloudtrail

import (
	"regexp"
	"strings"
	"unicode"
)

// A kind says how resources of one type are identified in the parameters of calls.
// Names are compared without regard to case, and of several that a call has the
// first is taken. A kind without any has those of defaultIDs.
type kind struct {
	// ids are the parameters that identify one.
	ids []string
	// names are those that tell what people call it, where it is not identified so.
	names []string
	// within is the parameter that tells what it is a part of, where its own name is
	// not enough.
	within string
	// whole is whether people say that too.
	whole bool
}

// nouns are the words of events' names that are a type of resource. They come from
// the lists of actions, resources and parameters in the API references of the
// services, as CloudTrail writes the parameters.
var nouns = map[string]kind{
	"AccessKey":           {ids: []string{"accessKeyId"}},
	"Address":             {ids: []string{"allocationId", "publicIp"}},
	"Alarm":               {ids: []string{"alarmName", "alarmNames"}},
	"Alias":               {ids: []string{"aliasName", "aliasArn", "name", "aliasId"}},
	"Application":         {names: []string{"applicationName", "name"}},
	"Association":         {},
	"AutoScalingGroup":    {ids: []string{"autoScalingGroupName", "autoScalingGroupNames", "autoScalingGroupARN"}},
	"Bucket":              {ids: []string{"bucketName", "bucket"}},
	"Certificate":         {names: []string{"domainName"}},
	"Cluster":             {},
	"Command":             {},
	"ComputeEnvironment":  {},
	"DBCluster":           {},
	"DBInstance":          {},
	"DBSnapshot":          {},
	"Detector":            {},
	"Distribution":        {ids: []string{"distributionId", "id"}},
	"Document":            {},
	"Domain":              {},
	"Execution":           {ids: []string{"executionArn"}, names: []string{"name"}},
	"FileSystem":          {},
	"FlowLog":             {ids: []string{"flowLogId", "flowLogIds", "flowLogIdSet"}},
	"Function":            {ids: []string{"functionName", "functionArn"}},
	"Grant":               {ids: []string{"grantId"}, within: "keyId"},
	"Group":               {ids: []string{"groupName", "groupId"}},
	"HostedZone":          {ids: []string{"hostedZoneId", "id"}, names: []string{"name"}},
	"Image":               {names: []string{"name"}},
	"Instance":            {},
	"InstanceProfile":     {ids: []string{"instanceProfileName"}},
	"InternetGateway":     {},
	"Inventory":           {ids: []string{"instanceId"}},
	"Job":                 {names: []string{"jobName", "name"}},
	"JobDefinition":       {names: []string{"jobDefinitionName"}},
	"JobQueue":            {},
	"Key":                 {},
	"KeyPair":             {ids: []string{"keyName", "keyPairId"}},
	"LaunchConfiguration": {},
	"LaunchTemplate":      {names: []string{"launchTemplateName"}},
	"Listener":            {},
	"ListenerRule":        {},
	"LoadBalancer":        {names: []string{"name"}},
	"LogGroup":            {},
	"LogStream":           {within: "logGroupName"},
	"LoginProfile":        {ids: []string{"userName"}},
	"MFADevice":           {ids: []string{"serialNumber", "virtualMFADeviceName"}},
	"NatGateway":          {},
	"NetworkAcl":          {},
	"NetworkInterface":    {},
	"Nodegroup":           {within: "clusterName"},
	"Object":              {ids: []string{"key"}, within: "bucketName", whole: true},
	"Organization":        {},
	"Parameter":           {ids: []string{"name", "names", "parameterName"}},
	"Permission":          {},
	"PermissionSet":       {},
	"Pipeline":            {},
	"Policy":              {ids: []string{"policyName", "policyArn", "policyId"}},
	"Product":             {},
	"Project":             {},
	"Queue":               {ids: []string{"queueName", "queueUrl"}},
	"Repository":          {},
	"ResourceRecordSet":   {ids: []string{"hostedZoneId"}, names: []string{"name"}},
	"RestApi":             {names: []string{"name"}},
	"Role":                {ids: []string{"roleName", "roleArn", "switchTo"}},
	"RouteTable":          {},
	"Rule":                {},
	"Secret":              {ids: []string{"secretId", "name", "aRN"}},
	"SecurityGroup":       {ids: []string{"groupId", "securityGroupId"}, names: []string{"groupName"}},
	"Service":             {within: "cluster"},
	"Snapshot":            {},
	"Stack":               {ids: []string{"stackName", "stackId"}},
	"StackSet":            {},
	"Stage":               {within: "restApiId"},
	"StateMachine":        {names: []string{"name"}},
	"Stream":              {},
	"Subnet":              {},
	"Subscription":        {},
	"Table":               {within: "databaseName"},
	"Tag":                 {ids: []string{"resourceId"}},
	"TargetGroup":         {names: []string{"name"}},
	"Task":                {ids: []string{"task", "taskArn", "taskId"}, within: "cluster"},
	"TaskDefinition":      {names: []string{"family"}},
	"Topic":               {ids: []string{"topicArn"}, names: []string{"name"}},
	"Trail":               {ids: []string{"trailName", "name", "trailARN"}},
	"User":                {ids: []string{"userName", "userId"}},
	"UserPool":            {names: []string{"poolName"}},
	"Volume":              {},
	"Vpc":                 {},
	"VpcEndpoint":         {},
}

// kinds are the types of the resources of calls whose name has no noun, or one
// that misleads; a service alone stands for all calls of it that have none, a service
// with the call's name, or with its noun, for that call, and one with * for all others.
var kinds = map[string]string{
	"cloudtrail.EventSelector":      "Trail",
	"cloudtrail.InsightSelector":    "Trail",
	"cloudtrail.Logging":            "Trail",
	"ec2.Key":                       "KeyPair",
	"ec2.Route":                     "RouteTable",
	"kms":                           "Key",
	"lambda":                        "Function",
	"signin.*":                      "Account",
	"signin.CredentialChallenge":    "User",
	"signin.CredentialVerification": "User",
	"signin.SwitchRole":             "Role",
	"signin.UserAuthentication":     "User",
	"sns":                           "Topic",
	"sqs":                           "Queue",
	"sqs.Message":                   "Queue",
	"ssm.SendCommand":               "Instance",
	"sso":                           "Account",
}

// kindOf returns the type of resource that calls of that name are made to.
func kindOf(service, name string) string {
	if k, ok := kinds[service+"."+name]; ok {
		return k
	}
	if k, ok := kinds[service+".*"]; ok {
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

// idEndings are those of the parameters that identify a resource of a kind that has
// none of its own, and nameEndings of those that name it.
var (
	idEndings   = []string{"Id", "Ids", "Arn", "Arns", "Identifier", "Name", "Names", "Url", ""}
	nameEndings = []string{"Name"}
)

// idsOf returns the parameters that identify a resource of a type.
func idsOf(name string) []string {
	if ids := nouns[name].ids; ids != nil {
		return ids
	}
	return withEndings(name, idEndings)
}

// namesOf returns the parameters that name a resource of a type.
func namesOf(name string) []string {
	if k := nouns[name]; k.names != nil || k.ids != nil {
		return k.names
	}
	return withEndings(name, nameEndings)
}

func withEndings(name string, endings []string) []string {
	var list []string
	for _, ending := range endings {
		list = append(list, name+ending)
	}
	return list
}
