package format

import (
	"encoding/json"
	"fmt"
)

// Nodes are the nodes that have a database open.
type Nodes struct {
	Nodes []Node `json:"nodes"`
	// OnDuty is the id of the one that does what one does for all; Next that of the one which is
	// to, as soon as the other has ended that.
	OnDuty string `json:"onDuty,omitempty"`
	Next   string `json:"next,omitempty"`
}

// Node is one of them. Its beat rises while it is there.
type Node struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Beat uint64 `json:"beat"`
}

// Find returns the node with an id, or nil.
func (n *Nodes) Find(id string) *Node {
	for i := range n.Nodes {
		if n.Nodes[i].ID == id {
			return &n.Nodes[i]
		}
	}
	return nil
}

// Encode returns the value under MetaNodes.
func (n *Nodes) Encode() ([]byte, error) { return json.Marshal(n) }

// ParseNodes reads what Encode wrote; of no value there are none.
func ParseNodes(v []byte) (*Nodes, error) {
	n := &Nodes{}
	if len(v) == 0 {
		return n, nil
	}
	if err := json.Unmarshal(v, n); err != nil {
		return nil, fmt.Errorf("nodes: %w: %w", ErrCorrupt, err)
	}
	return n, nil
}
