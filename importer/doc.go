// Package importer reads what other systems call an audit log, and turns it into
// entries. Each format is a function that takes a stream of any length, plain or
// compressed by gzip, and calls emit with one entry after the other, in the order
// of the stream and in constant memory. It stops at the first error of the stream
// or of emit. What it emits has a key that is the same whenever the same stream is
// read again, so that importing twice records once.
//
// The formats are CloudTrail, the JSON files of AWS CloudTrail, and NDJSON,
// entries as this log exports them, one a line.
//
// # CloudTrail
//
// Files are read in both forms in which they occur: objects {"Records":[…]}, and
// one event a line. Events whose readOnly is true are counted and left out. Of any
// other the entry is made so:
//
//	key                eventID
//	action             the service of eventSource, a dot, and eventName: iam.CreateRole
//	actor.email        userIdentity.arn, else invokedBy, userName, principalId, type, or "unknown"
//	actor.type         User for IAMUser and Root, else ServiceAccount
//	actor.label        invokedBy, when the identity has an ARN as well
//	outcome            success without an errorCode and errorMessage; forbidden when the code
//	                   says denied or (un- or not) authorized; else error
//	detail             eventName, and the resource, or the error with its message
//	channel            console for a console's session or sign-in, cli for aws-cli, else api
//	request            sourceIPAddress, userAgent, requestID
//	createdAt          eventTime
//	resource.locationId  awsRegion
//	metadata           accountId, accessKeyId, errorCode, eventType, sharedEventId, and
//	                   resources when the call was made to several
//
// The resource's type follows from the event's name alone, so that a call has the
// same type whether it succeeded or not: it is the first word, or words, of the
// name that are a known noun (PutRolePolicy: Role), else all of the name but the
// verb, in the singular. See resource.go for the nouns, and for the parameters by
// which the resource's id and name are found. An ARN or a URL is cut to the name
// that it ends in. Where the parameters tell nothing, id and name are empty.
//
// The package does no network and no file I/O, and knows nothing of the client
// that sends what it emits.
package importer
