package cloudtrail

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/importer"
)

// wrappings are the shapes in which an event is found: EVENT stands for it, STRING for
// it as a string.
var wrappings = []string{
	`EVENT`,
	`[EVENT]`,
	`{"Records":[EVENT]}`,
	`{"more":{"Records":[]},"Records":[EVENT],"Events":null}`,
	`{"Events":[{"EventId":"x","ReadOnly":"false","CloudTrailEvent":STRING}],"NextToken":"t"}`,
	`{"EventId":"x","EventTime":1777622463,"CloudTrailEvent":STRING}`,
	`{"CloudTrailEvent":EVENT}`,
	`[STRING]`,
	`{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":EVENT}`,
	`{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":STRING}`,
	`{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","TopicArn":"t","Message":STRING}}]}`,
	`{"Records":[{"messageId":"m","eventSource":"aws:sqs","body":STRING}]}`,
	`{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":STRING}]}`,
	`{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":STRING}]}`,
	`{"events":[{"logStreamName":"s","timestamp":1,"message":STRING}]}`,
}

func wrap(wrapping, event string) string {
	quoted, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("EVENT", event, "STRING", string(quoted)).Replace(wrapping)
}

// FuzzShapes reads whatever in whatever shape. There is never a panic, never an entry of
// what is no event, never a message without words or with a type of Go.
func FuzzShapes(f *testing.F) {
	for i := range wrappings {
		f.Add(good, uint8(i), "")
		f.Add(`{"eventID":"e","eventName":7}`, uint8(i), "\n")
		f.Add(`{"a":[{"b":"c"}]}`, uint8(i), ",")
	}
	f.Add(strings.Replace(good, `{`, `{"requestParameters":[[{"userName":"x"}]],"resources":{"ARN":"arn:aws:::::"},`, 1), uint8(0), "?\n")
	f.Add(strings.Replace(good, `{`, `{"userIdentity":{"arn":"arn:aws:sts::1:assumed-role/AWSReservedSSO_x/"},`, 1), uint8(0), "\x1f\x8b\x08")
	f.Add(string(readFile(f, "testdata", "events.json")), uint8(0), "")
	f.Fuzz(func(t *testing.T, event string, wrapping uint8, before string) {
		stream := before + wrap(wrappings[int(wrapping)%len(wrappings)], event)
		refused := func(at importer.Place, err error) error {
			if text := err.Error(); text == "" || strings.Contains(text, "cloudtrail.") || strings.Contains(text, "jsontext") {
				t.Errorf("%v: %s", at, text)
			}
			return nil
		}
		entry := func(_ importer.Place, e audit.Entry) error {
			if err := e.Validate(e.CreatedAt); err != nil || len(e.AppendJSON(nil)) > audit.MaxStored {
				t.Errorf("emitted %+v: %v", e, err)
			}
			for _, need := range []string{"eventID", "eventName", "eventSource", "eventTime"} {
				if !strings.Contains(stream, need) && !strings.Contains(stream, `\`) {
					t.Errorf("an entry of what has no %s", need)
				}
			}
			return nil
		}
		_, err := Read(bytes.NewReader([]byte(stream)), Options{Project: "aws", Reads: AllReads}, importer.Sink{Entry: entry, Refused: refused})
		if err != nil {
			refused(importer.Place{}, err)
		}
	})
}
