package cloudtrail

import (
	"strconv"
	"strings"

	"auditlog/audit"
)

// verdict is how a call ended.
type verdict struct {
	Outcome audit.Outcome
	// DryRun tells a call that only asked whether it would succeed, and would.
	DryRun bool
	// Code and Message say why it did not succeed.
	Code, Message string
}

// reason returns ": code: message", without what is not there.
func (v verdict) reason() string {
	var b strings.Builder
	for _, s := range []string{v.Code, v.Message} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	return b.String()
}

// A rule tells codes apart in their reduced form: see reduced.
type rule struct {
	code string
	// anywhere takes every code that has it in it, for services put names before and
	// words behind: KMSAccessDeniedException, UnauthorizedAccessException.
	anywhere bool
}

// denials are the codes that say that the caller is known and may not. They are from the
// errors that all services have in common (each API reference's Common Errors), from the
// lists of EC2 and S3, and from the models of the services that are named.
var denials = []rule{
	// S3, IAM, STS: AccessDenied. Services that speak JSON: AccessDeniedException.
	// DMS: KMSAccessDeniedFault. Events of VPC endpoints: VpceAccessDenied.
	{"accessdenied", true},
	// EC2: UnauthorizedOperation. AppSync, Glue DataBrew: UnauthorizedException.
	{"unauthorized", true},
	{"notauthorized", true},           // common: NotAuthorized; Cognito: NotAuthorizedException
	{"forbidden", true},               // API Gateway, MSK, Pinpoint: ForbiddenException
	{"notpermitted", true},            // EC2, ELB: OperationNotPermitted
	{"permissiondenied", true},        // gRPC's name for it, and POSIX's
	{"insufficientprivilege", true},   // Elastic Beanstalk: InsufficientPrivilegesException
	{"insufficientpermission", true},  // Directory Service: InsufficientPermissionsException
	{"authorizationerror", false},     // SNS: AuthorizationError
	{"authorizationexception", false}, // License Manager
	{"authfailure", false},            // EC2: "you might not be authorized to carry out the request"
	{"optinrequired", false},          // common, EC2: not authorized to use the service
	{"blocked", false},                // EC2: the account is blocked
	{"allaccessdisabled", false},      // S3, with HTTP's 403, as the next two
	{"accountproblem", false},
	{"notsignedup", false},
	{"403", false}, // HTTP's number
}

// unknownCallers are codes that a rule of denials takes or might be thought to, and that
// say that who calls is not known, or that speak of something else.
var unknownCallers = []rule{
	{"authorizationheadermalformed", false}, // S3: a header that cannot be read
	{"authorizationnotfound", true},         // RDS, ElastiCache: no such rule in a security group
	{"authorizationalreadyexists", true},    // RDS, ElastiCache: there is such a rule
	{"authorizationquotaexceeded", true},    // RDS
	{"invalidauthorizationmessage", true},   // STS: DecodeAuthorizationMessage
	{"401", false},                          // HTTP's number for it
}

// silent are codes that say nothing, so that the message must. A code in neither list
// is that of another error, whatever words its message has.
var silent = []string{
	"", "error", "exception", "failure", "failed", "unknown", "unknownerror", "none", "null",
	"client", "clienterror", "server", "400", "badrequest", "requestfailed",
}

// successes are codes that services write where nothing went wrong: Managed Grafana
// writes HTTP's numbers.
var successes = []string{"success", "succeeded", "successful", "ok", "noerror", "completed"}

// denialWords are what messages say of callers who may not. They are in the errors of
// IAM's policies ("is not authorized to perform: … with an explicit deny in a service
// control policy") and of services that check for themselves.
var denialWords = []string{
	"not authorized", "not authorised", "unauthorized operation", "unauthorised operation",
	"access denied", "accessdenied", "access is denied", "access was denied",
	"permission denied", "explicit deny", "implicit deny",
	"not have permission", "n't have permission", "lacks permission", "no permission", "missing permission",
	"not have sufficient", "n't have sufficient", "not have access", "n't have access",
	"insufficient permission", "insufficient privilege",
	"not permitted", "not allowed to perform", "is forbidden", "403 forbidden",
}

// reduced brings a code into the form of the tables: without the side that EC2 puts in
// front, without what exceptions end in, letters and digits in lower case.
func reduced(code string) string {
	code = strings.ToLower(strings.TrimSpace(code))
	if i := strings.LastIndexByte(code, '#'); i >= 0 { // com.amazonaws.kms#AccessDeniedException
		code = code[i+1:]
	}
	if rest, ok := strings.CutPrefix(code, "client."); ok {
		code = rest
	}
	if rest, ok := strings.CutPrefix(code, "server."); ok {
		code = rest
	}
	code = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
	for _, ending := range []string{"exception", "fault"} {
		if stem, ok := strings.CutSuffix(code, ending); ok && stem != "" && stem != "authorization" {
			code = stem
		}
	}
	return code
}

func matches(rules []rule, code string) bool {
	for _, r := range rules {
		if code == r.code || r.anywhere && strings.Contains(code, r.code) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// outcome judges by the code, else by what the event's parts say of the result, else by
// the message.
func (e *event) outcome() verdict {
	v := verdict{Code: e.ErrorCode, Message: e.ErrorMessage}
	code := reduced(e.ErrorCode)
	switch {
	case strings.HasPrefix(code, "dryrunoperation"):
		v.Outcome, v.DryRun = audit.Success, true
		return v
	case code != "" && isSuccess(code):
		v.Code = ""
		if v.Outcome = e.result(&v); v.Outcome == "" {
			v.Outcome = audit.Success
		}
		return v
	case !contains(silent, code):
		v.Outcome = ofCode(code)
		return v
	}
	result := e.result(&v)
	switch {
	case denies(e.ErrorMessage), result == audit.Forbidden:
		v.Outcome = audit.Forbidden
	case code != "", e.ErrorMessage != "", result == audit.Error:
		v.Outcome = audit.Error
	default:
		v.Outcome = audit.Success
	}
	return v
}

func ofCode(code string) audit.Outcome {
	if matches(denials, code) && !matches(unknownCallers, code) {
		return audit.Forbidden
	}
	return audit.Error
}

// isSuccess reports whether a reduced code is none of an error. HTTP's 2xx are not.
func isSuccess(code string) bool {
	return contains(successes, code) || len(code) == 3 && code[0] == '2' && isNumber(code)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

func denies(message string) bool {
	message = strings.ToLower(message)
	for _, words := range denialWords {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// results are the words for results in events without a code: those of sign-ins, which
// have ConsoleLogin, SwitchRole, CredentialVerification … as names, and of what
// services tell of themselves.
var results = map[string]audit.Outcome{
	"failure":       audit.Error,
	"failed":        audit.Error,
	"fail":          audit.Error,
	"error":         audit.Error,
	"unsuccessful":  audit.Error,
	"aborted":       audit.Error,
	"denied":        audit.Forbidden,
	"accessdenied":  audit.Forbidden,
	"forbidden":     audit.Forbidden,
	"unauthorized":  audit.Forbidden,
	"notauthorized": audit.Forbidden,
}

// resultNames are the names under which services tell the result of a call. In what a
// call returns they may be the state of its resource, so they count only elsewhere.
var resultNames = []string{
	"result", "status", "statustype", "state", "outcome", "eventstatus", "resultstatus",
	"loginstatus", "authenticationresult", "authenticationstatus",
}

// statusNames are the names under which services tell HTTP's status.
var statusNames = []string{"statuscode", "httpstatuscode", "httpstatus", "responsecode"}

// result returns what the event's parts say of the result, or "", and puts into v which
// says so, unless v knows more already.
func (e *event) result(v *verdict) audit.Outcome {
	parts := []struct {
		name     string
		leaves   []leaf
		response bool
	}{
		{"responseElements", e.Response, true},
		{"serviceEventDetails", e.Service, false},
		{"additionalEventData", e.Additional, false},
	}
	for _, part := range parts {
		for _, l := range part.leaves {
			o := e.resultOf(l, part.response)
			if o == "" {
				continue
			}
			if v.Code == "" && v.Message == "" {
				v.Message = part.name + "." + l.path + " is " + l.value
			}
			return o
		}
	}
	return ""
}

// resultOf returns the result that l tells, or "".
func (e *event) resultOf(l leaf, response bool) audit.Outcome {
	key := strings.ToLower(l.key)
	named := strings.EqualFold(l.key, e.Name) || e.isSignIn() || !response && contains(resultNames, key)
	if o := results[reduced(l.value)]; o != "" && named {
		return o
	}
	if response && l.top && (key == "_return" || key == "return") && l.value == "false" { // EC2
		return audit.Error
	}
	if !response && (key == "success" || key == "successful" || key == "succeeded") && l.value == "false" {
		return audit.Error
	}
	if !response && contains(statusNames, key) && isNumber(l.value) {
		switch {
		case l.value == "403":
			return audit.Forbidden
		case l.value[0] == '4', l.value[0] == '5':
			return audit.Error
		}
	}
	return ""
}

// signIns are parts of the names of sign-ins outside of the sign-in service: those of
// Identity Center are Authenticate, CredentialVerification, UserAuthentication, Federate.
var signIns = []string{"Login", "Logout", "SignIn", "Authenticat", "Credential", "Federate", "SwitchRole"}

// isSignIn reports whether the event is of somebody who signs in, out, or as another.
func (e *event) isSignIn() bool {
	switch e.service() {
	case "signin":
		return true
	case "sso", "sso-directory", "login", "workspaces", "workspaces-web":
		for _, part := range signIns {
			if strings.Contains(e.Name, part) {
				return true
			}
		}
	}
	return e.Type == "AwsConsoleSignIn"
}
