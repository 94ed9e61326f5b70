package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// lookAt is how many of the newest documents with checkpoints are looked at: those of several
// logs may be in one index.
const lookAt = 20

// where names the fields of a format that have an entry's action and its time.
type where struct{ action, time, timeType string }

var fields = map[string]where{
	format.JSON.Name: {"action", "createdAt", "date"},
	format.ECS.Name:  {"event.action", "@timestamp", "date"},
	format.OCSF.Name: {"metadata.event_code", "time", "long"},
}

// Newest implements sink.Asker.
func (x *elastic) Newest(ctx context.Context, wanted func([]byte) bool) ([]byte, error) {
	at := fields[x.o.Line.Name]
	query, err := json.Marshal(map[string]any{
		"size":  lookAt,
		"query": map[string]any{"match": map[string]string{at.action: sink.ActionCheckpoint}},
		"sort":  []any{map[string]any{at.time: map[string]string{"order": "desc", "unmapped_type": at.timeType}}},
	})
	if err != nil {
		return nil, err
	}
	answer, err := x.client.Post(ctx, &web.Request{
		Path: x.index + "/_search", Query: "filter_path=hits.hits._source", ContentType: "application/json", Body: query,
	})
	if err != nil || answer.Status == http.StatusNotFound {
		return nil, err // there is no index yet
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("answered %d to _search: %s", answer.Status, answer.Said())
	}
	var found struct {
		Hits struct {
			Hits []struct {
				Source json.RawMessage `json:"_source"`
			}
		}
	}
	if err := json.Unmarshal(answer.Body, &found); err != nil {
		return nil, fmt.Errorf("read the answer to _search: %w", err)
	}
	for _, hit := range found.Hits.Hits {
		if mark := sink.LastMark(hit.Source, wanted); mark != nil {
			return mark, nil
		}
	}
	return nil, nil
}
