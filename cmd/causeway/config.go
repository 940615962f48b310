package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/certs"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/supervisor"
)

func configCommand() *cobra.Command {
	return group("config", "Check, show and apply gateway documents",
		configValidateCommand(), configShowCommand(), configApplyCommand(), configHistoryCommand(), configRollbackCommand())
}

// validation is what `config validate -o json` prints for each file.
type validation struct {
	File     string            `json:"file"`
	Valid    bool              `json:"valid"`
	Problems []gateway.Problem `json:"problems"`
}

func configValidateCommand() *cobra.Command {
	var parameters, localFile, output string
	var allow []string
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Find every problem in gateway documents",
		Args:  arguments("the file of a document"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := checkAllowed(allow); err != nil {
				return err
			}
			return validateFiles(cmd, files, parameters, localFile, allow, output)
		},
	}
	parametersFlag(cmd, &parameters)
	allowFlag(cmd, &allow)
	cmd.Flags().StringVar(&localFile, "local", "", "causeway.yaml to check along with the documents")
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func validateFiles(cmd *cobra.Command, files []string, parameters, localFile string, allow []string, output string) error {
	var results []validation
	local, problems, err := readLocal(localFile)
	if problems, err = asProblem(problems, err); err != nil {
		return err
	}
	if localFile != "" {
		results = append(results, judge(localFile, problems))
	}
	for _, file := range files {
		document, err := readDocument(cmd.InOrStdin(), file, parameters)
		problems, err := asProblem(nil, err)
		if err != nil {
			return err
		}
		if document != nil {
			problems = document.FailClosed(localCheck(local, document, localFile != ""), slices.Concat(allow, local.AllowUnserved))
		}
		results = append(results, judge(file, problems))
	}
	if err := printValidations(cmd.OutOrStdout(), results, output); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the result: %w", err)}
	}
	code := 0
	for _, r := range results {
		switch {
		case gateway.Misused(r.Problems):
			return &exitError{code: exitUsage}
		case !r.Valid:
			code = exitProblems
		}
	}
	if code != 0 {
		return &exitError{code: code}
	}
	return nil
}

// asProblem turns the error of a readable file without a document into a problem, so that the other files are checked too.
func asProblem(problems []gateway.Problem, err error) ([]gateway.Problem, error) {
	var format *document.FormatError
	if !errors.As(err, &format) {
		return problems, err
	}
	path := "document"
	if format.Line > 0 {
		path = fmt.Sprintf("line %d, column %d", format.Line, format.Column)
	}
	return append(problems, gateway.Problem{
		Path: path, Code: "InvalidRequestContent", Message: format.Message, Hint: format.Hint, Severity: gateway.Error,
	}), nil
}

// localCheck checks the document together with causeway.yaml. A document alone is not wrong for lack of private keys, which no
// export carries.
func localCheck(local gateway.Local, document *document.Document, given bool) []gateway.Problem {
	policies := document.InPlace(certs.CheckPolicies(document.Config))
	if given {
		return slices.Concat(document.ProblemsWith(local), policies, certs.Check(document.Config, local, time.Now()))
	}
	beside := append(document.ProblemsBeside(local), policies...)
	for i := range beside {
		beside[i].Severity = gateway.Warning
	}
	return slices.Concat(document.Problems(), beside)
}

func judge(file string, problems []gateway.Problem) validation {
	if problems == nil {
		problems = []gateway.Problem{}
	}
	return validation{File: file, Valid: !gateway.HasErrors(problems), Problems: problems}
}

func printValidations(w io.Writer, results []validation, output string) error {
	if output == "json" {
		return printJSON(w, results)
	}
	for _, r := range results {
		if err := printValidation(w, r); err != nil {
			return err
		}
	}
	return nil
}

func printValidation(w io.Writer, r validation) error {
	errorCount := 0
	for _, p := range r.Problems {
		if p.Severity == gateway.Error {
			errorCount++
		}
	}
	verdict := "valid"
	if !r.Valid {
		verdict = "invalid"
	}
	file := evidence.Printable(r.File)
	_, err := fmt.Fprintf(w, "%s%s: %s, %s, %s\n", gateway.ProblemText(file+": ", r.Problems), file, verdict,
		count(errorCount, "error"), count(len(r.Problems)-errorCount, "warning"))
	return err
}

func configShowCommand() *cobra.Command {
	var effective bool
	var data, parameters, localFile string
	cmd := &cobra.Command{
		Use:   "show [FILE|REVISION]",
		Short: "Print a gateway document in canonical form, defaults filled in",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := documentToShow(cmd, args, data, parameters)
			if err != nil {
				return err
			}
			text := document.Public()
			if effective {
				text = document.Effective()
				if err := showLocal(cmd.ErrOrStderr(), localFile); err != nil {
					return err
				}
			}
			if _, err := cmd.OutOrStdout().Write(text); err != nil {
				return &exitError{code: exitFailed, err: fmt.Errorf("write the document: %w", err)}
			}
			return nil
		},
	}
	dataFlag(cmd, &data)
	parametersFlag(cmd, &parameters)
	cmd.Flags().StringVar(&localFile, "local", "", "causeway.yaml that goes with the document")
	cmd.Flags().BoolVar(&effective, "effective", true, "fill in defaults and ids")
	return cmd
}

// documentToShow is that of a file, of a revision of the running gateway, or, without an argument, what this serves.
func documentToShow(cmd *cobra.Command, args []string, data, parameters string) (*document.Document, error) {
	client := admin.NewClient(supervisor.Socket(data))
	var c admin.Config
	var err error
	if len(args) == 0 {
		c, err = client.Config()
	} else {
		revision, bad := strconv.ParseInt(args[0], 10, 64)
		if _, exists := os.Stat(args[0]); bad != nil || exists == nil {
			return readDocument(cmd.InOrStdin(), args[0], parameters)
		}
		c, err = client.At(revision)
	}
	if err != nil {
		return nil, refused(err, data, "show the configuration")
	}
	d, err := c.ParseDocument()
	if err != nil {
		return nil, &exitError{code: exitFailed, err: fmt.Errorf("read what the gateway serves: %w", err)}
	}
	return d, nil
}

// showLocal prints the settings that apply beside the document, each with what Azure does instead.
func showLocal(w io.Writer, file string) error {
	local, problems, err := readLocal(file)
	if err == nil && gateway.HasErrors(problems) {
		err = fmt.Errorf("read %s: %v", file, problems[0])
	}
	if err != nil {
		return err
	}
	ejection := "on; Azure has none: only its probes take a member out"
	if !local.PassiveEjection {
		ejection = "off, as on Azure"
	}
	hint := local.KeepAliveHint + "; Azure ignores it"
	if local.KeepAliveHint == "ignore" {
		hint = "ignore, as Azure does"
	}
	_, err = fmt.Fprintf(w,
		"beside the document:\n  passiveEjection: %s\n  keepAliveHint: %s\n  connectTimeout: %s, backendIdleTimeout: %s\n",
		ejection, hint, local.ConnectTimeout, local.BackendIdleTimeout)
	return err
}

func parametersFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "parameters", "", "parameters file of a document that is an ARM template")
}

// readParameters reads a parameters file; no name gives none.
func readParameters(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	return readInput(nil, file)
}

// readDocument reads a gateway document from a file, or from stdin for "-", with the parameters of a template.
func readDocument(stdin io.Reader, file, parameters string) (*document.Document, error) {
	data, err := readInput(stdin, file)
	if err != nil {
		return nil, err
	}
	values, err := readParameters(parameters)
	if err != nil {
		return nil, err
	}
	document, err := document.Source{Document: data, Parameters: values}.ParseDocument()
	if err != nil {
		return nil, unreadable(file, err)
	}
	return document, nil
}

// readLocal reads causeway.yaml; no name gives the defaults.
func readLocal(file string) (gateway.Local, []gateway.Problem, error) {
	if file == "" {
		return gateway.DefaultLocal(), nil, nil
	}
	data, err := readInput(nil, file)
	if err != nil {
		return gateway.Local{}, nil, err
	}
	local, problems, err := document.Source{Local: data, Dir: filepath.Dir(file)}.ParseLocal()
	if err != nil {
		return gateway.Local{}, nil, unreadable(file, err)
	}
	return local, problems, nil
}

func readInput(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" && stdin != nil {
		data, err := io.ReadAll(stdin)
		if err != nil {
			return nil, &exitError{exitFailed, fmt.Errorf("read standard input: %w", err), "give a file instead"}
		}
		return data, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &exitError{exitFailed, fmt.Errorf("read the file: %w", err), "check the name and that you may read it"}
	}
	return data, nil
}

// unreadable is the error for a file that is no document at all.
func unreadable(file string, err error) error {
	exit := &exitError{code: exitFailed, err: fmt.Errorf("read %s: %w", file, err)}
	var format *document.FormatError
	if errors.As(err, &format) {
		exit.hint = format.Hint
	}
	return exit
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
