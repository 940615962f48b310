package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"causeway/internal/access"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// Settings are those that Azure's resource has no place for. They are in causeway.yaml of this node; other nodes have their own.
type Settings interface {
	// Settings are those in force; see document.Settings. The tag is another one after a change.
	Settings() (settings map[string]any, tag string)
	// ChangeSettings changes some of them, as a JSON merge patch does (RFC 7396); see document.ChangeLocal. Another tag than the present
	// one is a *SettingsConflict; an empty one is any.
	ChangeSettings(ctx context.Context, tag string, patch map[string]any) ([]gateway.Problem, error)
}

// SettingsConflict is the error of a change of other settings than those in force.
type SettingsConflict struct {
	Now string // their tag
}

func (e *SettingsConflict) Error() string {
	return fmt.Sprintf("the settings are at %s: somebody has changed them; read them again and repeat the change", e.Now)
}

const settingsPath = reportsPath + "/settings"

func (t *table) settings() {
	t.read(settingsPath, "read the settings of causeway.yaml", readSettings)
	t.add(http.MethodPatch, settingsPath, access.Operator, "change settings of causeway.yaml", patchSettings)
}

// settingsAnswer are the settings of a node.
type settingsAnswer struct {
	Node     string         `json:"node,omitempty"` // of a cluster
	Settings map[string]any `json:"settings"`
}

func readSettings(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	return q.settings()
}

func (q *request) settings() (response, error) {
	all, tag := q.server.gateway.Settings()
	return response{
		status: http.StatusOK, body: settingsAnswer{q.server.gateway.Node(), all}, header: map[string]string{"ETag": `"` + tag + `"`},
	}, nil
}

// patchSettings changes what the body names.
func patchSettings(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	var body struct {
		Settings map[string]any `json:"settings"`
	}
	decoder := json.NewDecoder(q.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil || len(body.Settings) == 0 {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent",
			`the body names no settings; it is an object such as {"settings": {"backendIdleTimeout": "25s"}}`)
	}
	tag := strings.Trim(q.Header.Get("If-Match"), `"`)
	if tag == "*" {
		tag = ""
	}
	q.reached.Store(true)
	problems, err := q.server.gateway.ChangeSettings(q.named(q.Context()), tag, body.Settings)
	var conflict *SettingsConflict
	var format *document.FormatError
	switch {
	case errors.As(err, &conflict):
		return response{}, refuse(http.StatusPreconditionFailed, "PreconditionFailed", "%v", err)
	case errors.As(err, &format):
		return response{}, refuse(http.StatusBadRequest, "InvalidSettings", "%s; %s", format.Message, format.Hint)
	case err != nil && gateway.HasErrors(problems):
		return response{}, invalid(problems)
	case err != nil:
		return response{}, err
	}
	return q.settings()
}
