package keys

import (
	"cmp"
	"fmt"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// Owner is a project, as far as its keys go: a copy of its record, and its keys in memory.
type Owner struct {
	Name   string
	Rec    format.Project
	Recent *Recent

	filters []rowFilter // of what was moved
}

func (o *Owner) put(tx kv.Tx) error {
	v, err := o.Rec.Encode()
	if err == nil {
		err = tx.Bucket(format.Projects).Put([]byte(o.Name), v)
	}
	if err != nil {
		return fmt.Errorf("put project %q: %w", o.Name, err)
	}
	return nil
}

// Load adds the keys of sealed entries that are in no run to those of their projects, which
// of returns by number, or nil.
func Load(tx kv.Tx, of func(format.ProjectID) *Recent) error {
	for k, v := range kv.Prefix(tx.Bucket(format.Keys), format.FreshPrefix()) {
		err := format.DecodeFreshKeys(k, v, func(id format.ProjectID, key format.FreshKey) error {
			r := of(id)
			if r == nil {
				return fmt.Errorf("keys %x: %w: a key of unknown project %d", k, format.ErrCorrupt, id)
			}
			r.load(key)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PutFresh writes the keys that a seal adds.
func PutFresh(tx kv.Tx, of []format.FreshKeys) error {
	if len(of) == 0 {
		return nil
	}
	last := int64(0) // of all ids; each is sealed once
	for _, p := range of {
		last = max(last, p.Keys[len(p.Keys)-1].ID)
	}
	key := format.FreshKeysKey(last)
	return put(tx, key, format.EncodeFreshKeys(key, of))
}

// MoveAll moves the keys of sealed entries of projects, which are all that have some, to a run
// of each. Moved follows once that is on disk.
func MoveAll(tx kv.Tx, z *Sizes, of []Owner) error {
	for i := range of {
		if err := cmp.Or(of[i].move(tx, z), of[i].put(tx)); err != nil {
			return err
		}
	}
	from := format.FreshPrefix()
	for {
		n, err := tx.Bucket(format.Keys).DeleteRange(from, kv.Next(from), 1000)
		if err != nil || n < 1000 {
			return err
		}
	}
}

// PlanAll works out a step of merging the runs of projects that are due, for as many of them
// as make a step together. of is cut to these.
func PlanAll(tx kv.Tx, z *Sizes, of *[]Owner) (steps []*Step, moved int, err error) {
	for i := range *of {
		if moved >= z.StepKeys {
			break
		}
		o := &(*of)[i]
		step, err := plan(tx, z, o.Rec.ID, o.Rec.Keys, z.StepKeys-moved)
		if err != nil {
			return nil, 0, err
		}
		steps = append(steps, step)
		moved += max(step.Keys, 1)
	}
	*of = (*of)[:len(steps)]
	return steps, moved, nil
}

// WriteAll writes steps, and the records of their projects as they are then.
func WriteAll(tx kv.Tx, steps []*Step, of []Owner) error {
	for i, step := range steps {
		of[i].Rec.Keys = step.Runs
		if err := cmp.Or(step.write(tx), of[i].put(tx)); err != nil {
			return err
		}
	}
	return nil
}
