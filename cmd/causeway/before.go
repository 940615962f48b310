package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"causeway/internal/report"
)

// comparableForms are the schemas of reports that hold all that a comparison needs.
var comparableForms = []string{"causeway.report/v1", report.Schema}

// earlierReport reads a report that an earlier diagnosis wrote with -o json.
func earlierReport(stdin io.Reader, path string) (*report.Report, error) {
	data, err := readInput(stdin, path)
	if err != nil {
		return nil, &exitError{
			code: exitFailed, err: fmt.Errorf("read the earlier report: %w", err),
			hint: "--before takes what causeway diagnose -o json wrote",
		}
	}
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil || !strings.HasPrefix(r.Schema, "causeway.report/") {
		return nil, &exitError{
			code: exitUsage, err: fmt.Errorf("read the earlier report: %s is not a report", path),
			hint: "--before takes what causeway diagnose -o json wrote",
		}
	}
	if !slices.Contains(comparableForms, r.Schema) {
		return nil, &exitError{
			code: exitUsage, err: fmt.Errorf("read the earlier report: %s is of the form %s, and this version reads %s", path, r.Schema,
				strings.Join(comparableForms, " and ")),
			hint: "diagnose the earlier evidence again with this version: causeway diagnose PATH… -o json",
		}
	}
	if r.Requests == 0 {
		return nil, &exitError{code: exitUsage, err: fmt.Errorf("read the earlier report: %s has no requests to compare with", path)}
	}
	return &r, nil
}
