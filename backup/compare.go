package backup

import (
	"context"
	"fmt"

	"auditlog/store/kv"
)

// Compare returns an error unless a database holds what a backup does, to the byte.
func Compare(ctx context.Context, src Source, x *Index) error {
	names := newNamer(x.Secret)
	return src.View(func(tx kv.Tx) error {
		for _, want := range x.Buckets {
			b, err := bucketOf(tx, want.Name)
			if err != nil {
				return err
			}
			var s splitter
			n := 0
			err = split(ctx, b, &s, func() error {
				p := s.part(names, x.Secret)
				if n >= len(want.Parts) || p.Name != want.Parts[n].Name {
					return fmt.Errorf("bucket %s differs from the backup, at key %x or behind it", want.Name, p.First)
				}
				n++
				return nil
			})
			if err == nil && n < len(want.Parts) {
				err = fmt.Errorf("bucket %s lacks what the backup has from key %x on", want.Name, want.Parts[n].First)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
