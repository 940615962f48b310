package instance

import (
	"errors"
	"slices"
	"time"

	"causeway/internal/certs"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// ErrInvalid is returned for documents that have errors; the problems say which.
var ErrInvalid = errors.New("the configuration has errors")

// Read reads what an instance is to serve, and finds every problem that shows without serving it. allowed are the protections
// that the document may ask for in vain, beside those of causeway.yaml.
func Read(source document.Source, allowed []string) (*document.Document, gateway.Local, []gateway.Problem, error) {
	d, local, problems, err := source.Parse()
	if err != nil {
		return nil, local, problems, err
	}
	problems = append(problems, certs.Check(d.Config, local, time.Now())...)
	problems = append(problems, d.InPlace(certs.CheckPolicies(d.Config))...)
	allowed = slices.Concat(allowed, local.AllowUnserved)
	problems = d.FailClosed(problems, allowed)
	d.Config.AnySuites = slices.Contains(allowed, gateway.ProtectionTLSFloor)
	if gateway.HasErrors(problems) {
		return nil, local, problems, ErrInvalid
	}
	return d, local, problems, nil
}
