package draw

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"auditlog/proof/evidence"
)

//go:embed assets templates
var files embed.FS

// asset is a file that pages refer to, under a name that changes with it.
type asset struct {
	name        string
	contentType string
	plain, gzip []byte
}

// assets are found by the name in their URL.
type assets map[string]*asset

// bundles are the assets and the files that each is put together of, in order.
func bundles() map[string][]string {
	return map[string][]string{
		"console.css": {"theme.css", "frame.css", "logs.css", "entry.css", "forms.css", "status.css"},
		"console.js":  {"time.js", "frame.js", "projects.js", "logs.js", "columns.js", "search.js", "proof.js", "chart.js", "live.js", "keys.js", "status.js", "main.js"},
		"icon.svg":    {"icon.svg"},
	}
}

// loadAssets reads the assets and compresses them once.
func loadAssets() (assets, error) {
	all := make(assets)
	for name, parts := range bundles() {
		var b bytes.Buffer
		for _, part := range parts {
			text, err := fs.ReadFile(files, "assets/"+part)
			if err != nil {
				return nil, fmt.Errorf("read asset: %w", err)
			}
			b.Write(text)
		}
		a, err := newAsset(name, b.Bytes())
		if err != nil {
			return nil, err
		}
		all[a.name] = a
	}
	prove, err := newAsset(proveModule, []byte(evidence.Script()))
	if err != nil {
		return nil, err
	}
	all[prove.name] = prove
	return all, nil
}

// proveModule is what verifies an entry on the page that shows it.
const proveModule = "prove.mjs"

func newAsset(name string, text []byte) (*asset, error) {
	if strings.HasSuffix(name, ".js") {
		// One scope for all parts, and none of it global.
		text = append(append([]byte("'use strict';\n{\n"), text...), "}\n"...)
	}
	sum := sha256.Sum256(text)
	ext := path.Ext(name)
	a := &asset{
		name:        strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		contentType: mime.TypeByExtension(ext),
		plain:       text,
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	a.gzip = b.Bytes()
	return a, nil
}

// url returns where the asset of a plain name is.
func (all assets) url(name string) (string, error) {
	stem, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	for full := range all {
		if strings.HasPrefix(full, stem+".") && path.Ext(full) == ext {
			return "/assets/" + full, nil
		}
	}
	return "", fmt.Errorf("no asset %q", name)
}

// serve answers with an asset. Its name changes with its content, so browsers
// may keep it for as long as they like.
func (all assets) serve(w http.ResponseWriter, r *http.Request) {
	a := all[r.PathValue("name")]
	if a == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if AcceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	// What fails here is the connection, and nobody is left to tell.
	_, _ = w.Write(body)
}

// AcceptsGzip reports whether the client takes gzip. No browser says so with a
// quality of zero.
func AcceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" {
			return true
		}
	}
	return false
}
