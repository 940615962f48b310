package arm

import (
	"errors"
	"net/http"

	"causeway/internal/access"
	"causeway/internal/upload"
)

const evidencePath = reportsPath + "/evidence"

// evidence are operations on evidence of another gateway, which somebody gives to have it diagnosed here. It goes nowhere else. Whoever may
// look at this gateway may; an id is known to nobody but who made it, and those who have it from them.
func (t *table) evidence() {
	one := evidencePath + "/{evidence}"
	t.add(http.MethodPost, evidencePath, access.Reader, "give evidence to diagnose", func(q *request) (response, error) {
		return q.ofEvidence(func(u *upload.Uploads) (response, error) {
			e, err := u.New()
			return response{status: http.StatusCreated, body: e}, err
		})
	})
	t.read(one, "read what evidence has been given", func(q *request) (response, error) {
		return q.ofEvidence(func(u *upload.Uploads) (response, error) {
			e, err := u.Find(q.vars["evidence"])
			return response{status: http.StatusOK, body: e}, err
		})
	})
	t.add(http.MethodPut, one+"/files/{file}", access.Reader, "add a file to evidence", func(q *request) (response, error) {
		return q.ofEvidence(func(u *upload.Uploads) (response, error) {
			e, err := u.Add(q.vars["evidence"], q.vars["file"], q.Body)
			q.forgetReports(u)
			return response{status: http.StatusCreated, body: e}, err
		})
	})
	(*t)[len(*t)-1].large = true
	t.add(http.MethodDelete, one, access.Reader, "delete evidence", func(q *request) (response, error) {
		return q.ofEvidence(func(u *upload.Uploads) (response, error) {
			q.forgetReports(u)
			return response{status: http.StatusNoContent}, u.Remove(q.vars["evidence"])
		})
	})
	t.read(one+"/diagnosis", "diagnose evidence", func(q *request) (response, error) {
		return q.onEvidence(func(dir string) (response, error) {
			return q.diagnosis(Command{Name: "diagnose", Args: []string{"."}, Dir: dir})
		})
	})
	t.read(one+"/troubleshooting", "search evidence for the cause step by step", func(q *request) (response, error) {
		return q.onEvidence(func(dir string) (response, error) {
			return q.guide(Command{Name: "troubleshoot", Args: []string{"-o", "json", "."}, Dir: dir})
		})
	})
	t.read(one+"/capacity", "compute the capacity from evidence", func(q *request) (response, error) {
		return q.onEvidence(func(dir string) (response, error) {
			return q.report(Command{Name: "capacity", Args: []string{"-o", "json", "."}, Dir: dir})
		})
	})
	t.read(one+"/explanations/{request}", "explain a request in evidence", func(q *request) (response, error) {
		return q.onEvidence(func(dir string) (response, error) {
			return q.report(Command{Name: "explain", Args: []string{"-o", "json", "--", q.vars["request"], "."}, Dir: dir})
		})
	})
}

// forgetReports lets nobody have a report of evidence that has changed, or is gone.
func (q *request) forgetReports(u *upload.Uploads) {
	if dir, err := u.Folder(q.vars["evidence"]); err == nil {
		q.server.reports.drop(dir)
	}
}

// ofEvidence does something with what is kept.
func (q *request) ofEvidence(do func(*upload.Uploads) (response, error)) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	u := q.server.gateway.Uploads()
	if u == nil {
		return response{}, refuse(http.StatusConflict, "NoEvidence", "this Causeway takes no evidence: it is ending")
	}
	answer, err := do(u)
	switch {
	case errors.Is(err, upload.ErrNone):
		return response{}, refuse(http.StatusNotFound, "NotFound", "%v", err)
	case errors.Is(err, upload.ErrMany):
		return response{}, refuse(http.StatusTooManyRequests, "TooManyEvidence", "%v", err)
	case errors.Is(err, upload.ErrFull):
		return response{}, refuse(http.StatusRequestEntityTooLarge, "EvidenceTooLarge", "%v", err)
	case errors.Is(err, upload.ErrName):
		return response{}, refuse(http.StatusBadRequest, "InvalidFileName", "%v", err)
	case err != nil:
		return response{}, err
	}
	return answer, nil
}

// onEvidence does something with the folder of evidence.
func (q *request) onEvidence(do func(dir string) (response, error)) (response, error) {
	return q.ofEvidence(func(u *upload.Uploads) (response, error) {
		dir, err := u.Folder(q.vars["evidence"])
		if err != nil {
			return response{}, err
		}
		return do(dir)
	})
}
