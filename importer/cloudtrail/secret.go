package cloudtrail

import (
	"slices"
	"strings"
	"unicode"
)

// secretWords are in the names of parameters whose values are not to be kept. Names
// are compared without regard to case and to what parts their words: masterUserPassword,
// DB_PASSWORD and x-api-key are all told. An object's key in a bucket, a KMS key's id
// and the key of a tag are none.
var secretWords = []string{
	"password", "passwd", "passphrase", "passcode", // RDS, IAM, Directory Service …
	"secret",                  // Secrets Manager's secretString, clientSecret of OAuth
	"token",                   // sessionToken, authToken; those of idempotency are no loss
	"accesskey",               // secretAccessKey; an accessKeyId is none, see harmless
	"secretkey", "privatekey", // certificates of IAM, ACM, Transfer
	"apikey",                    // API Gateway, AppSync
	"sharedkey", "presharedkey", // VPN: preSharedKey
	"keymaterial",                  // EC2 and KMS key pairs
	"customerkey", "encryptionkey", // S3's keys of the customer's own
	"plaintext",           // KMS
	"credential",          // of databases, registries, SFTP
	"authorization",       // the header of a connection
	"authenticationcode",  // MFA devices
	"connectionstring",    // often has a password in it
	"signature", "cookie", // presigned URLs, sessions
}

// harmless are the last words of names that tell which secret is meant, or something
// about it, and not the secret: secretId, accessKeyId, passwordResetRequired.
var harmless = []string{
	"id", "ids", "arn", "arns", "name", "names", "identifier", "identifiers",
	"type", "status", "state", "length", "age", "required", "enabled", "policy", "policies",
	"description", "algorithm", "count", "expiry", "expiration", "version", "versions", "size",
}

// saysSecret reports whether a parameter of that name holds a secret.
func saysSecret(name string) bool {
	words := wordsOf(name)
	all := strings.Join(words, "")
	if !slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(all, w) }) {
		return false
	}
	return !isHarmless(name)
}

// isHarmless reports whether a name ends in one of the words of harmless.
func isHarmless(name string) bool {
	words := wordsOf(name)
	return len(words) > 0 && slices.Contains(harmless, words[len(words)-1])
}

// pairNames and pairValues are the members of objects that are a name and its value:
// environment variables of ECS, parameters of CloudFormation, tags.
var (
	pairNames  = []string{"name", "key", "parametername", "parameterkey", "optionname", "variablename", "headername", "field"}
	pairValues = []string{"value", "values", "parametervalue", "defaultvalue", "optionsetting", "headervalue", "stringvalue", "content"}
)

// pairIsSecret reports whether o is a name that says secret and its value.
func pairIsSecret(o object) bool {
	return slices.ContainsFunc(o, func(m member) bool {
		return contains(pairNames, squeezed(m.name)) && saysSecret(textOf(m.raw))
	})
}

func isPairValue(name string) bool { return contains(pairValues, squeezed(name)) }

// squeezed returns the letters and digits of name in lower case.
func squeezed(name string) string { return strings.Join(wordsOf(name), "") }

// wordsOf splits a name at capitals and at whatever is no letter or digit, and puts
// the words in lower case.
func wordsOf(name string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		for _, word := range words(part) {
			list = append(list, strings.ToLower(word))
		}
	}
	return list
}
