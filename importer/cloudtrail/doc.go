// Package cloudtrail reads the events of AWS CloudTrail and makes entries of them.
//
// # Shapes
//
// A stream is one JSON document or many, on lines of their own or one behind the other,
// plain or compressed by gzip. Events are found in
//
//   - the files of a trail, {"Records":[…]};
//   - events alone, one a line, or in a list;
//   - what aws cloudtrail lookup-events prints, whole or one a line;
//   - messages of EventBridge, SNS, SQS and CloudWatch Logs, and what those hand a
//     function, in each other up to eight deep.
//
// Insight events, digests, notices of new files and events of other services are passed
// over and counted. Whatever else there is is refused, with the shapes that are known.
// Names match exactly. Texts may be numbers and booleans and the other way round, and
// objects may be strings of JSON, as AWS's own tools write them.
//
// After what is no JSON the reading goes on at the next line that begins with { or [.
//
// # Entries
//
// An event needs an eventID, eventName, eventSource and eventTime. Of those whose
// readOnly is true Options.Reads says what becomes of them. The entry is made so:
//
//	key                  eventID
//	action               the service of eventSource, a dot, and eventName: iam.CreateRole
//	actor                identity.go: a table for each userIdentity.type
//	outcome, detail      outcome.go: tables of codes, of results, and of messages
//	channel              console for a console's session or sign-in, cli for aws-cli, else api
//	request              sourceIPAddress, userAgent, requestID
//	createdAt            eventTime
//	resource.locationId  awsRegion
//	resource             kind.go: the type by the event's name, so that a call has the same
//	                     one whether it succeeded or not, and the parameters that identify
//	                     it; arn.go: ids and names of ARNs by service
//	metadata             params.go: who else is in it (accounts, session, MFA …), resources
//	                     where a call is made to several, and the parameters as
//	                     requestParameters.path, but for those that secret.go tells
//
// Where the parameters tell nothing, id and name are empty.
//
// The package does no network and no file I/O.
package cloudtrail
