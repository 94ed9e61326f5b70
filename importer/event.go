package importer

import (
	"encoding/json"
	"strings"
	"time"

	"auditlog/audit"
)

// event is what is read of an event of CloudTrail's.
type event struct {
	Identity          identity `json:"userIdentity"`
	Time              string   `json:"eventTime"`
	Source            string   `json:"eventSource"`
	Name              string   `json:"eventName"`
	Region            string   `json:"awsRegion"`
	IP                string   `json:"sourceIPAddress"`
	UserAgent         string   `json:"userAgent"`
	ErrorCode         string   `json:"errorCode"`
	ErrorMessage      string   `json:"errorMessage"`
	RequestID         string   `json:"requestID"`
	ID                string   `json:"eventID"`
	Type              string   `json:"eventType"`
	Account           string   `json:"recipientAccountId"`
	SharedID          string   `json:"sharedEventID"`
	ReadOnly          loose    `json:"readOnly"`
	ConsoleCredential loose    `json:"sessionCredentialFromConsole"`

	Resources []struct {
		ARN string `json:"ARN"`
	} `json:"resources"`
	Request    json.RawMessage `json:"requestParameters"`
	Response   json.RawMessage `json:"responseElements"`
	Service    json.RawMessage `json:"serviceEventDetails"`
	Additional json.RawMessage `json:"additionalEventData"`
}

// identity is who made the call.
type identity struct {
	Type        string `json:"type"`
	ARN         string `json:"arn"`
	PrincipalID string `json:"principalId"`
	UserName    string `json:"userName"`
	AccountID   string `json:"accountId"`
	AccessKey   string `json:"accessKeyId"`
	InvokedBy   string `json:"invokedBy"`
}

// loose is a boolean that some versions of CloudTrail write as a string.
type loose bool

func (f *loose) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `true`, `"true"`:
		*f = true
	case `false`, `"false"`, `null`:
		*f = false
	default:
		return audit.Errorf(audit.Invalid, "%s is not a boolean", b)
	}
	return nil
}

// entry returns the entry of the event, or a Fault that says what it lacks.
func (e *event) entry(project string) (audit.Entry, error) {
	for _, need := range []struct{ path, value string }{
		{"eventID", e.ID}, {"eventName", e.Name}, {"eventSource", e.Source}, {"eventTime", e.Time},
	} {
		if need.value == "" {
			return audit.Entry{}, audit.FieldErrorf(need.path, "is required")
		}
	}
	at, err := time.Parse(time.RFC3339, e.Time)
	if err != nil {
		return audit.Entry{}, audit.FieldErrorf("eventTime", "must be a time as RFC 3339 has it")
	}
	res := e.resource()
	entry := audit.Entry{
		Project:   project,
		Actor:     e.actor(),
		Action:    e.service() + "." + e.Name,
		Resource:  audit.Resource{Type: res.kind, ID: res.id, Name: res.name, LocationID: e.Region},
		Outcome:   e.outcome(),
		Channel:   e.channel(),
		Request:   audit.Request{IP: e.IP, UserAgent: e.UserAgent, ID: e.RequestID},
		Metadata:  e.metadata(res.all),
		Key:       e.ID,
		CreatedAt: at,
	}
	entry.Detail = e.detail(entry.Outcome, res)
	entry.Normalize()
	entry.Clean()
	return entry, entry.Validate(entry.CreatedAt) // whether it is too far ahead is the log's to say
}

// service returns the name of the service that the call was made to.
func (e *event) service() string {
	service, _, _ := strings.Cut(e.Source, ".amazonaws.com")
	return service
}

func (e *event) actor() audit.Actor {
	a := audit.Actor{Type: audit.ServiceAccount}
	if e.Identity.Type == "IAMUser" || e.Identity.Type == "Root" {
		a.Type = audit.User
	}
	i := &e.Identity
	for _, a.Email = range []string{i.ARN, i.InvokedBy, i.UserName, i.PrincipalID, i.Type, "unknown"} {
		if a.Email != "" {
			break
		}
	}
	if i.ARN != "" {
		a.Label = i.InvokedBy
	}
	return a
}

func (e *event) outcome() audit.Outcome {
	if e.ErrorCode == "" && e.ErrorMessage == "" {
		return audit.Success
	}
	code := strings.ToLower(e.ErrorCode)
	for _, word := range []string{"denied", "unauthorized", "notauthorized"} {
		if strings.Contains(code, word) {
			return audit.Forbidden
		}
	}
	return audit.Error
}

func (e *event) channel() audit.Channel {
	switch {
	case bool(e.ConsoleCredential), e.Type == "AwsConsoleSignIn", e.Type == "AwsConsoleAction":
		return audit.ChannelConsole
	case strings.Contains(e.UserAgent, "aws-cli"):
		return audit.ChannelCLI
	}
	return audit.ChannelAPI
}

func (e *event) metadata(resources []string) map[string]string {
	m := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	set("accountId", e.Account)
	if e.Account == "" {
		set("accountId", e.Identity.AccountID)
	}
	set("accessKeyId", e.Identity.AccessKey)
	set("errorCode", e.ErrorCode)
	set("eventType", e.Type)
	set("sharedEventId", e.SharedID)
	if len(resources) > 1 {
		set("resources", strings.Join(resources, " "))
	}
	return m
}

// detail says in a line what was done, or why it failed.
func (e *event) detail(outcome audit.Outcome, res resource) string {
	var verdict string
	switch outcome {
	case audit.Success:
		return e.Name + ": " + strings.TrimSuffix(res.kind+" "+res.id, " ")
	case audit.Forbidden:
		verdict = " denied"
	default:
		verdict = " failed"
	}
	line := e.Name + verdict
	for _, s := range []string{e.ErrorCode, e.ErrorMessage} {
		if s != "" {
			line += ": " + s
		}
	}
	return line
}
