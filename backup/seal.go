package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// sealer makes of the content of a part what is stored of it.
type sealer struct {
	recipients []age.Recipient // nobody: it is not encrypted
	zip        *zstd.Encoder
}

func newSealer(recipients []age.Recipient) (*sealer, error) {
	// Most of a log are blocks, which are compressed already.
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("make a compressor: %w", err)
	}
	return &sealer{recipients, zip}, nil
}

func (s *sealer) seal(content []byte) ([]byte, error) {
	zipped := s.zip.EncodeAll(content, make([]byte, 0, len(content)+64))
	if len(s.recipients) == 0 {
		return zipped, nil
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, s.recipients...)
	if err == nil {
		_, err = w.Write(zipped)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// opener is the way back.
type opener struct {
	identities []age.Identity
	zip        *zstd.Decoder
}

// mostContent bounds what a part may become when it is opened, and what is stored of it: an index of a
// hundred million entries has a few mebibytes, a row that is larger than any part as many as the
// largest block. mostWindow bounds what decompressing takes beside it.
const (
	mostContent = 128 << 20
	mostWindow  = 32 << 20
)

func newOpener(identities []age.Identity) (*opener, error) {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostContent+mostWindow), zstd.WithDecoderMaxWindow(mostWindow))
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	return &opener{identities, zip}, nil
}

// open returns what a part holds, of at most so many bytes: what is stored of it may become any number.
func (o *opener) open(stored []byte, encrypted bool, most int) ([]byte, error) {
	if encrypted {
		r, err := age.Decrypt(bytes.NewReader(stored), o.identities...)
		if err != nil {
			return nil, fmt.Errorf("decrypt: %w", err)
		}
		if stored, err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("decrypt: %w", err)
		}
	}
	if err := o.zip.Reset(bytes.NewReader(stored)); err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	content := bytes.NewBuffer(make([]byte, 0, min(most, partMost)+bytes.MinRead))
	n, err := content.ReadFrom(io.LimitReader(o.zip, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if n > int64(most) {
		return nil, fmt.Errorf("decompress: it is more than the %d bytes that it has", most)
	}
	return content.Bytes(), nil
}

// ReadIdentities reads the identities in files of age's.
func ReadIdentities(paths []string) ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read identities: %w", err)
		}
		some, err := age.ParseIdentities(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read identities in %s: %w", path, err)
		}
		all = append(all, some...)
	}
	return all, nil
}
