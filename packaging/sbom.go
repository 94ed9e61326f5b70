package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom lists the modules that a program is made of, as it says itself.
func (r *release) sbom(p program) error {
	sum, err := fileSum(p.path)
	if err != nil {
		return err
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = serial(sum)
	bom.Metadata = &cdx.Metadata{
		Timestamp: p.date.UTC().Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: "auditlog", Type: cdx.ComponentTypeApplication, Name: "auditlog", Version: p.version,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}},
			Hashes:   &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}},
		},
	}
	components := []cdx.Component{{
		BOMRef: "go", Type: cdx.ComponentTypeLibrary, Name: "std", Version: p.info.GoVersion[len("go"):],
		PackageURL: "pkg:golang/std@" + p.info.GoVersion[len("go"):],
	}}
	refs := []string{"go"}
	for _, m := range p.info.Deps {
		c := component(m)
		components = append(components, c)
		refs = append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: "auditlog", Dependencies: &refs}}
	return create(filepath.Join(r.out, p.name()+".cdx.json"), func(w io.Writer) error {
		return cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}

func component(m *debug.Module) cdx.Component {
	for m.Replace != nil {
		m = m.Replace
	}
	url := fmt.Sprintf("pkg:golang/%s@%s?type=module", m.Path, m.Version)
	return cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: url,
		Properties: &[]cdx.Property{{Name: "go:sum", Value: m.Sum}}}
}

// serial makes a UUID of a hash, so that the same program has the same.
func serial(sum []byte) string {
	u := sha256.Sum256(append([]byte("auditlog sbom "), sum...))
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8: made by a rule of one's own, RFC 9562
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
