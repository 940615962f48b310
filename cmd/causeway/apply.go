package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/store"
	"causeway/internal/supervisor"
)

func configApplyCommand() *cobra.Command {
	var data, parameters, local string
	var allow []string
	var revision int64
	cmd := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Apply a new configuration to a running gateway",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := checkAllowed(allow); err != nil {
				return err
			}
			config, err := readParts(cmd.InOrStdin(), files, parameters, local)
			if err != nil {
				return err
			}
			config.Allow, config.Revision = allow, revision
			client := admin.NewClient(supervisor.Socket(data))
			before, _ := client.Status() // a gateway that does not tell is not compared
			problems, err := client.Apply(cmd.Context(), config)
			writeProblems(cmd.ErrOrStderr(), problems)
			if errors.Is(err, admin.ErrNotRunning) {
				return notRunning(err, data)
			}
			if err != nil {
				hint := admin.HintOf(err)
				if !strings.Contains(err.Error(), store.ErrUnknown.Error()) {
					err = fmt.Errorf("nothing was changed: %w", err)
				}
				exit := &exitError{code: exitProblems, err: err, hint: hint}
				if gateway.Misused(problems) {
					exit.code = exitUsage
				}
				return exit
			}
			after, _ := client.Status()
			return writeLine(cmd.OutOrStdout(), applied(before, after, local != ""))
		},
	}
	dataFlag(cmd, &data)
	parametersFlag(cmd, &parameters)
	allowFlag(cmd, &allow)
	cmd.Flags().Int64Var(&revision, "if-revision", 0, "apply only if this `REVISION` is in force; whatever is without it")
	cmd.Flags().StringVar(&local, "local", "", "causeway.yaml to apply")
	return cmd
}

// applied says what became of a configuration. A causeway.yaml has no revision that could tell whether it changed anything.
func applied(before, after admin.Status, local bool) string {
	text := "applied"
	if !local && after.Revision > 0 && before.Revision == after.Revision {
		text = fmt.Sprintf("unchanged: revision %d, which is in force, says the same", after.Revision)
	}
	return text + whileStopped(after)
}

// whileStopped is what to add to the news of a configuration that a stopped gateway has.
func whileStopped(status admin.Status) string {
	if !status.Stopped {
		return ""
	}
	return "; the gateway is stopped: causeway start serves it"
}

func writeProblems(w io.Writer, problems []gateway.Problem) {
	io.WriteString(w, gateway.ProblemText("", problems))
}

func readParts(stdin io.Reader, files []string, parameters, local string) (c admin.Config, err error) {
	if parameters != "" && len(files) == 0 {
		return c, &exitError{code: exitUsage, err: errors.New("--parameters needs the template that they belong to")}
	}
	if len(files) == 0 && local == "" {
		return c, &exitError{code: exitUsage, err: errors.New("config apply needs a document, or --local causeway.yaml")}
	}
	if len(files) > 0 {
		if c.Document, err = readInput(stdin, files[0]); err != nil {
			return c, err
		}
		if c.Parameters, err = readParameters(parameters); err != nil {
			return c, err
		}
	}
	if local != "" {
		if c.Local, err = readInput(nil, local); err != nil {
			return c, err
		}
		c.Dir = absolute(filepath.Dir(local))
	}
	return c, nil
}
