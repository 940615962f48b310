package arm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// Error is an answer that refuses, in the form of ARM: {"error": {"code", "message", "target", "details"}}.
type Error struct {
	Status  int           `json:"-"`
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Target  string        `json:"target,omitempty"` // the property that is wrong
	Details []ErrorDetail `json:"details,omitempty"`
}

// ErrorDetail is one of several problems.
type ErrorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// asError gives any error the form of ARM.
func asError(err error) *Error {
	var known *Error
	var format *document.FormatError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the body has more than %d bytes", large.Limit)
	case errors.As(err, &format):
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "%s", withHint(format.Error(), format.Hint))
	case errors.Is(err, store.ErrConflict):
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "%v; read it again and repeat the change", err)
	case access.Unproven(err):
		return refuse(http.StatusUnauthorized, "AuthenticationFailed", "%v", err)
	case errors.Is(err, ErrNoHistory):
		return refuse(http.StatusServiceUnavailable, "MetricsUnavailable", "%v", err)
	case errors.Is(err, context.Canceled):
		return refuse(http.StatusServiceUnavailable, "OperationNotAllowed", "the gateway is ending; ask again")
	case store.Unanswered(err):
		return refuse(http.StatusServiceUnavailable, "ServerTimeout", "%s",
			withHint(err.Error(), cmp.Or(admin.HintOf(err), "causeway health says whether the store has a quorum")))
	}
	return refuse(http.StatusInternalServerError, "InternalServerError", "%s", withHint(err.Error(), admin.HintOf(err)))
}

func withHint(message, hint string) string {
	if hint == "" {
		return message
	}
	return message + ": " + hint
}

// invalid refuses a document, with all its problems. The first error gives the code.
func invalid(problems []gateway.Problem) *Error {
	e := &Error{Status: http.StatusBadRequest}
	for _, p := range problems {
		if p.Severity != gateway.Error {
			continue
		}
		d := ErrorDetail{Code: p.Code, Message: withHint(p.Message, p.Hint), Target: p.Path}
		if e.Code == "" {
			e.Code, e.Message, e.Target = d.Code, d.Message, d.Target
		}
		e.Details = append(e.Details, d)
	}
	if n := len(e.Details); n > 1 {
		e.Message += " (and " + strconv.Itoa(n-1) + " more: see details)"
	}
	return e
}
