package copies

import (
	"encoding/binary"
	"errors"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Describe counts the entries that a state of a database has, those of a purge under way
// included until they are gone, and returns the id of the newest one. It decodes the
// projects' records and the tail, which are small.
func Describe(tx kv.Tx) (entries, lastID int64, err error) {
	lastID = int64(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed)))
	seals := map[format.ProjectID]*format.Project{} // with what Sealed asks for alone
	for k, v := range kv.All(tx.Bucket(format.Projects)) {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			return 0, 0, err
		}
		entries += rec.Whole().Entries
		seals[rec.ID] = &format.Project{Seq: rec.Seq, Sealing: rec.Sealing}
	}
	for k, v := range kv.All(tx.Bucket(format.Tail)) {
		if len(k) != 8 {
			return 0, 0, format.ErrCorrupt
		}
		err := format.DecodeTailRow(int64(binary.BigEndian.Uint64(k)), v, func(p format.ProjectID, e *audit.Entry, _ string, _ int) error {
			lastID = e.ID
			if rec := seals[p]; rec == nil || !rec.Sealed(e.Seq, e.Position()) {
				entries++ // those that are sealed are in blocks, too
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return entries, lastID, errors.Join(tx.Err())
}
