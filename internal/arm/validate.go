package arm

import (
	"io"
	"net/http"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// validation is what a PUT of a gateway would find and change.
type validation struct {
	Problems []gateway.Problem `json:"problems"`
	Changes  []delta           `json:"changes"`
}

func (t *table) validation() {
	t.add(http.MethodPost, reportsPath+"/validate", access.Reader, "say what a PUT of the gateway would find and change", validateGateway)
}

// validateGateway answers with the problems that a PUT of the body would have, and with what it would change. It changes nothing.
func validateGateway(q *request) (response, error) {
	before, err := q.found()
	if err != nil {
		return response{}, err
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return response{}, err
	}
	doc, problems, err := q.next(before, body)
	if err != nil {
		return response{}, err
	}
	v := validation{Problems: doc.FailClosed(problems, before.config.Allow), Changes: q.changes(before.doc, doc)}
	if v.Problems == nil {
		v.Problems = []gateway.Problem{}
	}
	return ok(v)
}

// changes are what differs between two documents, as resources show them.
func (q *request) changes(before, after *document.Document) []delta {
	shown := func(d *document.Document) any {
		if d == nil {
			return map[string]any{}
		}
		return withoutState(q.server.render(served{doc: d, config: admin.Config{}}, stateSucceeded))
	}
	if out := differences(shown(before), shown(after)); out != nil {
		return out
	}
	return []delta{}
}
