package format

import (
	"iter"
	"slices"

	"auditlog/audit"
)

// Layer is blocks of a project of which no two overlap. The first layer has what came in about
// the order of its times, and number 0. Late entries that are scattered over many of its blocks
// come into layers of their own, of which there may be a few, and later on into the first. No
// entry is in two.
type Layer struct {
	// Entries, First and Last are of the blocks.
	Entries int64          `json:"entries"`
	First   audit.Position `json:"first"`
	Last    audit.Position `json:"last"`
	// Extent says how far the spans of the blocks reach.
	Extent
}

// LateLayer is a layer of late entries.
type LateLayer struct {
	// Number is from 1 to MostLayers.
	Number int `json:"number"`
	Layer
}

// MostLayers is how many layers of late entries a project can have.
const MostLayers = 1<<(32-layerShift) - 1

// The upper bits of what a layer's blocks and spans stand under are the layer's number, the others
// the project's.
const (
	layerShift = 28
	// MaxProject is the greatest number of a project.
	MaxProject ProjectID = 1<<layerShift - 1
)

// LayerID returns what the blocks and spans of a layer of a project stand under, in the place of
// the project's number.
func LayerID(p ProjectID, number int) ProjectID { return p | ProjectID(number)<<layerShift }

// ProjectOf returns the project whose layer has an id.
func ProjectOf(id ProjectID) ProjectID { return id & MaxProject }

// LayerOf returns the number of the layer that has an id.
func LayerOf(id ProjectID) int { return int(id >> layerShift) }

// LayerIDs returns the ids of all the layers that a project can have, the first one's before.
func LayerIDs(p ProjectID) []ProjectID {
	ids := make([]ProjectID, 0, 1+MostLayers)
	for n := range 1 + MostLayers {
		ids = append(ids, LayerID(p, n))
	}
	return ids
}

// Merging says that layers are being merged into another, step by step: what has been moved is
// there, and no longer where it was. Of two that are under way the one begun last goes on first,
// and they have no layer in common.
type Merging struct {
	From []int `json:"from"`
	Into int   `json:"into"`
}

// Take counts entries that come into the layer, n of them from the first to the last.
func (l *Layer) Take(n int, first, last audit.Position) {
	if l.Entries == 0 || first.Compare(l.First) < 0 {
		l.First = first
	}
	if l.Entries == 0 || last.Compare(l.Last) > 0 {
		l.Last = last
	}
	l.Entries += int64(n)
}

// LayerAt returns the layer with a number, or nil.
func (p *Project) LayerAt(number int) *Layer {
	if number == 0 {
		return &p.Layer
	}
	for i := range p.Late {
		if p.Late[i].Number == number {
			return &p.Late[i].Layer
		}
	}
	return nil
}

// Moving reports whether a layer takes part in a merge.
func (p *Project) Moving(number int) bool {
	return slices.ContainsFunc(p.Merging, func(m Merging) bool { return m.Into == number || slices.Contains(m.From, number) })
}

// AddLayer returns an empty layer of late entries more, and its number; nil where there are
// as many as there can be. The slice of those before is left as it was.
func (p *Project) AddLayer() (number int, l *Layer) {
	for number = 1; p.LayerAt(number) != nil; number++ {
	}
	if number > MostLayers {
		return 0, nil
	}
	p.Late = append(slices.Clip(p.Late), LateLayer{Number: number})
	return number, &p.Late[len(p.Late)-1].Layer
}

// Layers returns the layers that have entries, by what their blocks stand under.
func (p *Project) Layers() iter.Seq2[ProjectID, *Layer] {
	return func(yield func(ProjectID, *Layer) bool) {
		if p.Entries > 0 && !yield(p.ID, &p.Layer) {
			return
		}
		for i := range p.Late {
			if !yield(LayerID(p.ID, p.Late[i].Number), &p.Late[i].Layer) {
				return
			}
		}
	}
}

// Whole returns a layer with the entries and bounds of all layers, without an Extent.
func (p *Project) Whole() Layer {
	var all Layer
	for _, l := range p.Layers() {
		all.Take(int(l.Entries), l.First, l.Last)
	}
	return all
}
