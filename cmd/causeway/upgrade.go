package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/supervisor"
)

func upgradeCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Let the program that is now installed take over from the running gateway",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := admin.NewClient(supervisor.Socket(data))
			before, err := client.Status()
			if err != nil {
				return notRunning(err, data)
			}
			if err := client.Upgrade(cmd.Context()); err != nil {
				if errors.Is(err, admin.ErrNotRunning) {
					return notRunning(err, data)
				}
				return &exitError{code: exitFailed, err: fmt.Errorf("upgrade: %w", err), hint: admin.HintOf(err)}
			}
			after, err := awaitStart(cmd.Context(), client, before.Started)
			if err != nil {
				return &exitError{
					code: exitFailed, err: fmt.Errorf("upgrade: the new instances serve, and the supervisor does not answer: %w", err),
					hint: "its log says why; causeway serve starts it, and adopts the instances",
				}
			}
			if after.Failed != "" {
				return &exitError{
					code: exitFailed,
					err:  fmt.Errorf("upgrade: the new program served on trial and could not begin; version %s goes on: %s", after.Version, after.Failed),
					hint: "fix what it says and run causeway upgrade again",
				}
			}
			return writeLine(cmd.OutOrStdout(),
				fmt.Sprintf("process %d runs version %s; before: %s", after.PID, after.Version, before.Version))
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

// startTime is how long a new program has to answer, in the place of the one before.
const startTime = time.Minute

// awaitStart waits until a supervisor answers that has started after another.
func awaitStart(ctx context.Context, client *admin.Client, before time.Time) (admin.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		status, err := client.Status()
		if err == nil && status.Started.After(before) {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, cmp.Or(err, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
