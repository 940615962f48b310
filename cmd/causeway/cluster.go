package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/evidence"
	"causeway/internal/store"
)

func clusterCommand() *cobra.Command {
	return group("cluster", "Share one configuration among several machines",
		clusterInitCommand(), clusterInviteCommand(), clusterJoinCommand(), clusterAdmitCommand(), clusterMembersCommand(),
		clusterRemoveCommand(), clusterLeaveCommand(), clusterRotateKeyCommand())
}

// foundingFlags say how a node appears to the others.
func foundingFlags(cmd *cobra.Command, f *store.Founding) {
	host, err := os.Hostname()
	if err != nil {
		host = "a"
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Name, "name", "", "name of this node, unique in the cluster; that of the machine without it")
	flags.StringVar(&f.Address, "address", "", "address or host name at which the other nodes reach this one")
	flags.StringVar(&f.Listen, "listen", "", "IP address that the cluster's ports are bound to; without it --address, or all of IPv4 where that is a name")
	flags.IntVar(&f.Ports.Peer, "peer-port", store.DefaultPorts.Peer, "port among members")
	flags.IntVar(&f.Ports.Client, "client-port", store.DefaultPorts.Client, "port for commands and for nodes without a vote")
	flags.IntVar(&f.Ports.Join, "join-port", store.DefaultPorts.Join, "port for nodes that join")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if f.Name == "" {
			f.Name, _, _ = strings.Cut(host, ".")
		}
		if f.Address == "" {
			return &exitError{
				code: exitUsage, err: errors.New("the other nodes need an address at which they reach this one"),
				hint: "give it with --address, for example --address 192.0.2.11",
			}
		}
		return nil
	}
}

func clusterInitCommand() *cobra.Command {
	var data string
	var f store.Founding
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make this node the first of a cluster; it keeps its configuration",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := store.Found(cmd.Context(), store.Within(data), f); err != nil {
				return storeError(err)
			}
			return writeLine(cmd.OutOrStdout(), fmt.Sprintf("%s is the first member of a cluster\n"+
				"next: causeway serve on this machine, then causeway cluster invite for each other one", f.Name))
		},
	}
	dataFlag(cmd, &data)
	foundingFlags(cmd, &f)
	return cmd
}

func clusterInviteCommand() *cobra.Command {
	var data string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Print a token with which one node can join",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if valid < time.Minute || valid > 24*time.Hour {
				return &exitError{code: exitUsage, err: fmt.Errorf("--valid %v: the time is from 1m to 24h", valid)}
			}
			return withStore(cmd, data, func(ctx context.Context, s *store.Store) error {
				token, err := s.Invite(ctx, valid)
				if err != nil {
					return err
				}
				return writeLine(cmd.OutOrStdout(), token)
			})
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().DurationVar(&valid, "valid", time.Hour, "how long the token is valid")
	return cmd
}

func clusterJoinCommand() *cobra.Command {
	var data string
	var f store.Founding
	var withoutVote bool
	cmd := &cobra.Command{
		Use:   "join TOKEN",
		Short: "Join the cluster that a token invites to",
		Args:  argument("the token that causeway cluster invite printed on a member"),
		RunE: func(cmd *cobra.Command, tokens []string) error {
			if err := store.Join(cmd.Context(), store.Within(data), tokens[0], f, !withoutVote); err != nil {
				return storeError(err)
			}
			return writeLine(cmd.OutOrStdout(), f.Name+" is part of the cluster\nnext: causeway serve on this machine")
		},
	}
	dataFlag(cmd, &data)
	foundingFlags(cmd, &f)
	cmd.Flags().BoolVar(&withoutVote, "without-vote", false, "use the configuration of the cluster and hold no copy of the store")
	return cmd
}

func clusterAdmitCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "admit NODE KEY",
		Short: "Give another node the key to the secrets in an external etcd",
		Args:  argument("the name of a node", "its public key, age1…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := withStore(cmd, data, func(ctx context.Context, s *store.Store) error { return s.AdmitAsking(ctx, args[0], args[1]) })
			if err != nil {
				return err
			}
			return writeLine(cmd.OutOrStdout(), args[0]+" has the key to the secrets\nnext: causeway serve on that machine")
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

func clusterMembersCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "members",
		Short: "List the members of the cluster and how they are",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, data, func(ctx context.Context, s *store.Store) error {
				members, err := s.Members(ctx)
				if err != nil {
					return err
				}
				if output == "json" {
					return printJSON(cmd.OutOrStdout(), members)
				}
				return printMembers(cmd.OutOrStdout(), members)
			})
		},
	}
	dataFlag(cmd, &data)
	outputFlag(cmd.Flags(), &output, "text", "json")
	return cmd
}

func printMembers(w io.Writer, members []store.MemberState) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tADDRESS\tSTATE\tDATABASE")
	for _, m := range members {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.Name, m.ID, m.Peer, stateOfMember(m), sizeText(m))
	}
	return table.Flush()
}

func stateOfMember(m store.MemberState) string {
	switch {
	case m.Problem != "":
		return evidence.Printable(m.Problem)
	case !m.Votes:
		return "catching up, no vote yet"
	case m.Leads:
		return "leads"
	case m.Behind > 0:
		return fmt.Sprintf("votes, %d entries behind", m.Behind)
	}
	return "votes"
}

func sizeText(m store.MemberState) string {
	if m.Size == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f MiB", float64(m.Size)/(1<<20))
}

func clusterRemoveCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "remove NODE",
		Short: "Take a node out of the cluster, with its vote and its keys",
		Args:  argument("the name of a node, or the id of a member that never started"),
		RunE: func(cmd *cobra.Command, nodes []string) error {
			err := withStore(cmd, data, func(ctx context.Context, s *store.Store) error {
				if err := s.Remove(ctx, nodes[0]); err != nil {
					return err
				}
				if err := s.RotateDataKey(ctx); err != nil {
					return fmt.Errorf("the node is removed, but the data key that it knows could not be replaced: %w", err)
				}
				return nil
			})
			if err != nil {
				return err
			}
			return writeLine(cmd.OutOrStdout(), nodes[0]+" is no longer part of the cluster, and the data key is a new one")
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

func clusterLeaveCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "leave",
		Short: "Make this node forget its cluster and its copy of the store",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := store.Leave(store.Within(data)); err != nil {
				return storeError(err)
			}
			return writeLine(cmd.OutOrStdout(), "this node belongs to no cluster")
		},
	}
	dataFlag(cmd, &data)
	return cmd
}

func clusterRotateKeyCommand() *cobra.Command {
	var data string
	var node bool
	cmd := &cobra.Command{
		Use:   "rotate-key",
		Short: "Replace the data key that seals the secrets, or the key of this node",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rotate, done := (*store.Store).RotateDataKey, "all secrets are sealed with a new data key"
			if node {
				rotate, done = (*store.Store).RotateNodeKey, "this node has a new key"
			}
			err := withStore(cmd, data, func(ctx context.Context, s *store.Store) error { return rotate(s, ctx) })
			if err != nil {
				return err
			}
			return writeLine(cmd.OutOrStdout(), done)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&node, "node", false, "replace the key of this node, in its file node.key, and no data key")
	return cmd
}
