package copies

import (
	"crypto/hmac"
	"crypto/sha256"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Secret returns 32 bytes that are a log's own under a label, also in a copy of it, or nil while
// it has no entry of its own. They are derived from the secret of the system project, which
// is never purged.
func Secret(tx kv.Tx, label string) ([]byte, error) {
	v := tx.Bucket(format.Projects).Get([]byte(audit.SystemProject))
	if v == nil {
		return nil, tx.Err()
	}
	rec, err := format.ParseProject([]byte(audit.SystemProject), v)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, rec.Secret)
	mac.Write([]byte(label))
	return mac.Sum(nil), nil
}
