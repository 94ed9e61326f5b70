package index

import (
	"errors"
	"fmt"
	"slices"

	"auditlog/fulltext"
	"auditlog/index/lexicon"
)

// unread is the list of blocks that are damaged in the log, each as of a change, encoded one
// behind the other. They have no document, and every search of their project is sent to them, so
// that its answer names what it lacks.
type unread string

// maxUnread bounds how many they are. With more, what is damaged is more than some blocks, and the index
// stays where it is.
const maxUnread = 256

func (u unread) ids() []docID {
	var ids []docID
	for ; len(u) >= lexicon.IDSize; u = u[lexicon.IDSize:] {
		id, _ := lexicon.ParseID([]byte(u[:lexicon.IDSize])) // of that length it has no error
		ids = append(ids, id)
	}
	return ids
}

// of returns the blocks of a project.
func (u unread) of(p fulltext.ProjectID) (keys []fulltext.BlockKey) {
	for _, id := range u.ids() {
		if id.Key.Project == p {
			keys = append(keys, id.Key)
		}
	}
	return keys
}

func (u unread) with(id docID) unread { return u.without(id.Key) + unread(id.String()) }

func (u unread) without(key fulltext.BlockKey) unread {
	ids := u.ids()
	if i := slices.IndexFunc(ids, func(id docID) bool { return id.Key == key }); i >= 0 {
		return u[:i*lexicon.IDSize] + u[(i+1)*lexicon.IDSize:]
	}
	return u
}

// take reads a block into a batch. ok is false of one that is gone, or is damaged and goes into the
// list of those.
func (f *follower) take(b *batch, builder *lexicon.Builder, id docID) (d *document, ok bool, err error) {
	d = newDocument(builder, id)
	b.unread = b.unread.without(id.Key)
	ok, err = f.x.cfg.Source.BlockTexts(id.Key, d.add, d.addWhole)
	if errors.Is(err, fulltext.ErrDamaged) && len(b.unread) < maxUnread*lexicon.IDSize {
		f.x.cfg.Log.Warn().Err(err).Msg("a damaged block is not in the full-text index, and searches are sent to it")
		b.unread, ok, err = b.unread.with(id), false, nil
	}
	if err != nil {
		return nil, false, &sourceError{fmt.Errorf("read %v: %w", id.Key, err)}
	}
	if !ok {
		builder.Drop()
	}
	return d, ok, nil
}

// unreadAgain reads once more what was damaged when the index was open before.
func (f *follower) unreadAgain() (b batch, err error) {
	b = batch{cursor: f.docs.cursor, unread: f.docs.unread}
	builder := lexicon.NewBuilder()
	for _, id := range f.docs.unread.ids() {
		d, ok, err := f.take(&b, builder, id)
		if err != nil {
			return b, err
		}
		if ok {
			b.docs = append(b.docs, d)
		}
	}
	return b, nil
}
