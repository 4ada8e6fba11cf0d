package api

import (
	"context"
	"io"
	"net/url"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/tasks"
)

// Desk is what the API asks of the office; *tasks.Desk satisfies it. Pages and
// API call the same one, so that a page can do nothing that the API cannot.
type Desk interface {
	Accepts(k tasks.Kind) bool
	Precheck(ctx context.Context, s tasks.Submission) (tasks.Preview, error)
	Submit(ctx context.Context, s tasks.Submission) (tasks.Accepted, error)
	Act(ctx context.Context, a tasks.Action) (tasks.Accepted, error)
	Look(ctx context.Context, receipt string, by tasks.Viewer) (tasks.View, error)
	Glance(ctx context.Context, receipt string, by tasks.Viewer) (tasks.View, error)
	Jobs(ctx context.Context, f tasks.JobFilter) ([]tasks.Job, error)
	Holder(ctx context.Context, accountID string) (tasks.Holder, error)
	SendTrackingCode(ctx context.Context, receipt string, phone filing.Phone, asker string) error
	OpenWithCode(ctx context.Context, receipt string, phone filing.Phone, typed string) (string, error)
	FindLogin(ctx context.Context, q tasks.LoginQuestion) (tasks.Accepted, error)
	RequestPassword(ctx context.Context, r tasks.PasswordRequest) error
	RecoverByCode(ctx context.Context, c tasks.Claimant, typed string) (string, error)
	LookRecovery(ctx context.Context, key string) (login string, err error)
	RecoverByLink(ctx context.Context, n tasks.NewPassword) error
	Upload(ctx context.Context, u tasks.Upload) (tasks.Document, error)
	OwnPicture(ctx context.Context, receipt, documentID string, page int, by tasks.Viewer) ([]byte, error)
	OwnDossier(ctx context.Context, receipt string, by tasks.Viewer) (tasks.Dossier, error)
	Handoff(ctx context.Context, receipt string, by tasks.Viewer) (string, error)
	OpenHandoff(ctx context.Context, receipt, token string) (string, error)
	MailboxOf(ctx context.Context, receipt, token string) (tasks.CaseFacts, error)
	ConfirmMailbox(ctx context.Context, receipt, token string) error
	Hear(ctx context.Context, hints []tasks.Hint) error
}

// Accounts signs people in and keeps their sessions; *accounts.Service
// satisfies it.
type Accounts interface {
	SignIn(ctx context.Context, in accounts.SignIn) (accounts.Session, string, error)
	StaffSignIn(ctx context.Context, in accounts.SignIn) (accounts.Session, string, error)
	IdentitySignIn(ctx context.Context, i accounts.Identity, c accounts.Client) (accounts.Session, string, error)
	StaffCode(ctx context.Context, in accounts.Second) (accounts.Session, string, error)
	Session(ctx context.Context, token string) (accounts.Session, error)
	Sessions(ctx context.Context, accountID string) ([]accounts.Session, error)
	SignOut(ctx context.Context, token string) error
	SignOutEverywhere(ctx context.Context, accountID string) error
	End(ctx context.Context, accountID, sessionID string) error
	APIKey(ctx context.Context, token string) (accounts.APIKey, error)
}

// Elsewhere is a sign-in that a provider keeps (S1); *oidc.Provider satisfies it.
type Elsewhere interface {
	Begin(ctx context.Context) (accounts.Question, error)
	Finish(ctx context.Context, ticket string, answer url.Values) (accounts.Identity, error)
}

// Intake takes in lines of facts; it is intake.Run bound to a store.
type Intake func(ctx context.Context, lines io.Reader) (intake.Report, error)

// Check is one line of readiness. A Soft one is reported and does not make the
// process unready. Its error must hold nothing secret.
type Check struct {
	Name string
	Soft bool
	Run  func(context.Context) error
}
