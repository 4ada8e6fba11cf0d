// Package oidc asks a provider of OpenID Connect who somebody is: authorization
// code with PKCE, nonce and a state that is bound to the browser. It is the only
// package that knows the protocol. What an identity may do here is decided by
// internal/accounts.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"beian/internal/accounts"
	"beian/tasks"
)

// Options say which provider, and who we are to it.
type Options struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string // of ours, as registered with the provider
	// Claim names the claim that becomes Identity.Name; empty takes none.
	Claim string
	// HTTP is how the provider is asked; a client with a limit of ten seconds when
	// absent.
	HTTP *http.Client
}

// Provider asks one provider. It contacts it at the first question only, so that
// the program starts while the provider is down. Safe for concurrent use.
type Provider struct {
	options Options
	mu      sync.Mutex
	found   *found
}

// found is what the provider's discovery document said.
type found struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New prepares a provider.
func New(o Options) *Provider {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	return &Provider{options: o}
}

// Begin draws state, nonce and verifier. Error: tasks.ErrUnavailable when the
// provider can't be reached.
func (p *Provider) Begin(ctx context.Context) (accounts.Question, error) {
	f, err := p.discover(ctx)
	if err != nil {
		return accounts.Question{}, err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	to := f.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	return accounts.Question{URL: to, Ticket: strings.Join([]string{state, nonce, verifier}, ".")}, nil
}

// Finish reads the answer with which the provider sent the browser back. Errors:
// accounts.ErrDenied, accounts.ErrForged, tasks.ErrUnavailable. None of them holds
// what the provider said about a person.
func (p *Provider) Finish(ctx context.Context, ticket string, answer url.Values) (accounts.Identity, error) {
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 || parts[0] == "" || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(answer.Get("state"))) != 1 {
		return accounts.Identity{}, fmt.Errorf("%w: state", accounts.ErrForged)
	}
	if iss := answer.Get("iss"); iss != "" && iss != p.options.Issuer { // RFC 9207
		return accounts.Identity{}, fmt.Errorf("%w: issuer", accounts.ErrForged)
	}
	if answer.Get("error") != "" || answer.Get("code") == "" {
		return accounts.Identity{}, refused(answer.Get("error"))
	}
	f, err := p.discover(ctx)
	if err != nil {
		return accounts.Identity{}, err
	}
	token, err := f.oauth.Exchange(p.client(ctx), answer.Get("code"), oauth2.VerifierOption(parts[2]))
	if err != nil {
		return accounts.Identity{}, exchangeError(err)
	}
	return p.read(ctx, f, token, parts[1])
}

// refused tells a person's "no" from a provider that can't at the moment.
func refused(code string) error {
	switch code {
	case "server_error", "temporarily_unavailable":
		return tasks.ErrUnavailable
	}
	return accounts.ErrDenied
}

func exchangeError(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response != nil && said.Response.StatusCode < http.StatusInternalServerError {
		return fmt.Errorf("%w: the token endpoint answered %d", accounts.ErrForged, said.Response.StatusCode)
	}
	return fmt.Errorf("exchanging a code: %w", tasks.ErrUnavailable)
}

// read verifies the ID token: signature, issuer, audience, expiry, nonce.
func (p *Provider) read(ctx context.Context, f *found, token *oauth2.Token, nonce string) (accounts.Identity, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return accounts.Identity{}, fmt.Errorf("%w: no ID token", accounts.ErrForged)
	}
	id, err := f.verifier.Verify(p.client(ctx), raw)
	if err != nil {
		var network *url.Error // the keys could not be fetched
		if errors.As(err, &network) {
			return accounts.Identity{}, fmt.Errorf("fetching the provider's keys: %w", tasks.ErrUnavailable)
		}
		return accounts.Identity{}, fmt.Errorf("%w: ID token", accounts.ErrForged)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return accounts.Identity{}, fmt.Errorf("%w: nonce", accounts.ErrForged)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return accounts.Identity{}, fmt.Errorf("%w: claims", accounts.ErrForged)
	}
	return p.identity(id, claims), nil
}

// identity takes over the claims that we use. A mailbox counts only when the
// provider has verified it, whatever it is used for.
func (p *Provider) identity(id *oidc.IDToken, claims map[string]any) accounts.Identity {
	who := accounts.Identity{Issuer: id.Issuer, Subject: id.Subject}
	mail, _ := claims["email"].(string)
	if verified, _ := claims["email_verified"].(bool); verified {
		who.Email = mail
	}
	switch p.options.Claim {
	case "":
	case "email":
		who.Name = who.Email
	default:
		who.Name, _ = claims[p.options.Claim].(string)
	}
	return who
}

// discover reads the provider's document once; a failure is tried again at the
// next question.
func (p *Provider) discover(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are fetched by this context later on, too: it must not end.
	provider, err := oidc.NewProvider(context.WithoutCancel(p.client(ctx)), p.options.Issuer)
	if err != nil {
		return nil, fmt.Errorf("reading the provider's document: %w", tasks.ErrUnavailable)
	}
	p.found = &found{
		oauth: oauth2.Config{ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret, Endpoint: provider.Endpoint(),
			RedirectURL: p.options.RedirectURL, Scopes: []string{oidc.ScopeOpenID, "profile", "email"}},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.options.ClientID}),
	}
	return p.found, nil
}

func (p *Provider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.options.HTTP)
}
