package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the program is in an image: nobody that a machine has.
const user = 65532

// image writes an image of all programs for Linux: from nothing, with the program, the
// certificates of the public authorities, and an empty folder for the data.
func (r *release) image(dir string) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	any := false
	for _, p := range r.programs {
		if p.goos != "linux" {
			continue
		}
		img, err := r.imageOf(p)
		if err != nil {
			return err
		}
		any = true
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: p.goos, Architecture: p.goarch, Variant: variant(p)}}})
	}
	if !any {
		return nil
	}
	_, err := layout.Write(dir, index)
	return err
}

// variant is what images call the kind of an ARM processor.
func variant(p program) string {
	switch {
	case p.goarm != "":
		return "v" + p.goarm
	case p.goarch == "arm64":
		return "v8"
	}
	return ""
}

func (r *release) imageOf(p program) (v1.Image, error) {
	program, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	base, err := layer(p.date, append([]extra{
		{path: "etc/passwd", mode: 0o644, data: []byte("auditlog:x:65532:65532::/data:/none\n")},
		{path: "etc/group", mode: 0o644, data: []byte("auditlog:x:65532:\n")},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: certificates()},
		{path: "data/", mode: 0o700},
		{path: "tmp/", mode: 0o1777},
	}, licence(r.extras)...))
	if err != nil {
		return nil, err
	}
	top, err := layer(p.date, []extra{{path: "usr/bin/auditlog", mode: 0o755, data: program}})
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, base, top); err != nil {
		return nil, err
	}
	config := &v1.ConfigFile{OS: p.goos, Architecture: p.goarch, Variant: variant(p), Created: v1.Time{Time: p.date}, Config: runs(p)}
	if config.RootFS.DiffIDs, err = diffIDs(base, top); err != nil {
		return nil, err
	}
	config.RootFS.Type = "layers"
	for range config.RootFS.DiffIDs {
		config.History = append(config.History, v1.History{Created: v1.Time{Time: p.date}, CreatedBy: "make dist"})
	}
	return mutate.ConfigFile(img, config)
}

// runs says how the image is run. It needs no root, and writes to /data and /tmp alone.
func runs(p program) v1.Config {
	return v1.Config{
		User:         "65532:65532",
		Entrypoint:   []string{"/usr/bin/auditlog"},
		Cmd:          []string{"serve"},
		Env:          []string{"PATH=/usr/bin", "AUDITLOG_DATA=/data", "AUDITLOG_LISTEN=0.0.0.0:7070"},
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"7070/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		Healthcheck:  &v1.HealthConfig{Test: []string{"CMD", "/usr/bin/auditlog", "ready"}, Interval: 30 * time.Second, Timeout: 5 * time.Second, StartPeriod: 10 * time.Second},
		StopSignal:   "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "auditlog",
			"org.opencontainers.image.version":  p.version,
			"org.opencontainers.image.licenses": "MIT",
			"org.opencontainers.image.created":  p.date.Format(time.RFC3339),
		},
	}
}

func diffIDs(layers ...v1.Layer) (ids []v1.Hash, err error) {
	for _, l := range layers {
		id, err := l.DiffID()
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func licence(extras []extra) []extra {
	for _, e := range extras {
		if e.path == "LICENSE" {
			return []extra{{path: "usr/share/doc/auditlog/LICENSE", mode: 0o644, data: e.data}}
		}
	}
	return nil
}

// layer returns a layer of files, and of folders, whose names end in a slash.
func layer(date time.Time, content []extra) (v1.Layer, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, e := range content {
		h := &tar.Header{Name: e.path, Mode: int64(e.mode), Size: int64(len(e.data)), ModTime: date, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if e.path[len(e.path)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if e.path == "data/" {
			h.Uid, h.Gid = user, user
		}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer))
}

// certificates returns those of the authorities that Mozilla trusts, but for those that it
// trusts with a condition, which a file of certificates cannot say.
func certificates() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		der, constraint := root.Certificate, root.Constraint
		if constraint != nil {
			continue
		}
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a buffer takes everything
	}
	return b.Bytes()
}
