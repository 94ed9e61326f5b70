package api

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// tokenCreate is token.create: the one answer that holds a secret.
func (s *Server) tokenCreate(c *call, req *rpc.TokenCreateRequest) (*rpc.TokenCreateResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	addresses, err := addressesOf(req.Addresses)
	if err != nil {
		return nil, err
	}
	secret, t, err := s.admin.CreateToken(c.r.Context(), c.auth(), auth.Token{
		Name:      req.Name,
		Owner:     req.Owner,
		OwnerType: audit.ActorType(req.OwnerType),
		Role:      rights.Role(req.Role),
		Projects:  req.Projects,
		Addresses: addresses,
		ExpiresAt: req.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return &rpc.TokenCreateResult{Secret: secret, Token: tokenOf(t)}, nil
}

// tokenList is token.list: those tokens alone that the caller could have made.
func (s *Server) tokenList(c *call, _ *rpc.TokenListRequest) (*rpc.TokenListResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	tokens, err := s.opts.Auth.List(&c.principal)
	if err != nil {
		return nil, err
	}
	res := &rpc.TokenListResult{Items: make([]rpc.Token, len(tokens))}
	for i, t := range tokens {
		res.Items[i] = tokenOf(t)
	}
	return res, nil
}

// addressesOf reads addresses, each a range of one, and ranges.
func addressesOf(list []string) ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for i, s := range list {
		p, err := address.ParseRange(s)
		if err != nil {
			return nil, audit.AtPath(err, fmt.Sprintf("addresses[%d]", i))
		}
		ranges = append(ranges, p)
	}
	return ranges, nil
}

// tokenRevoke is token.revoke.
func (s *Server) tokenRevoke(c *call, req *rpc.TokenRevokeRequest) (*rpc.TokenRevokeResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	if !req.Cascade {
		t, err := s.admin.RevokeToken(c.r.Context(), c.auth(), req.ID)
		if err != nil {
			return nil, err
		}
		return &rpc.TokenRevokeResult{Token: tokenOf(t)}, nil
	}
	ended, err := s.admin.RevokeTokens(c.r.Context(), c.auth(), req.ID)
	if err != nil {
		return nil, err
	}
	res := &rpc.TokenRevokeResult{Token: tokenOf(ended[0])}
	for _, t := range ended {
		res.Ended = append(res.Ended, tokenOf(t))
	}
	return res, nil
}

// tokenRotate is token.rotate: like token.create, an answer that holds a secret.
func (s *Server) tokenRotate(c *call, req *rpc.TokenRotateRequest) (*rpc.TokenCreateResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	grace := int64(rpc.DefaultGrace)
	if req.GraceSeconds != nil {
		grace = min(max(*req.GraceSeconds, -1), math.MaxInt32) // what is refused stays so
	}
	secret, t, err := s.admin.RotateToken(c.r.Context(), c.auth(), req.ID, time.Duration(grace)*time.Second, req.ExpiresAt)
	if err != nil {
		return nil, err
	}
	return &rpc.TokenCreateResult{Secret: secret, Token: tokenOf(t)}, nil
}

// tokenOf returns what the API tells of a token.
func tokenOf(t auth.Token) rpc.Token {
	of := rpc.Token{
		ID: t.ID, Name: t.Name, Owner: t.Owner, OwnerType: string(t.OwnerType), Role: string(t.Role), Projects: t.Projects,
		CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, Parent: t.Parent, ExpiresAt: t.ExpiresAt,
		RotatedAt: t.RotatedAt, FormerUntil: t.FormerUntil, LastUsed: t.LastUsedAt, LastUsedFrom: t.LastUsedFrom, RevokedAt: t.RevokedAt,
	}
	for _, p := range t.Addresses {
		of.Addresses = append(of.Addresses, address.FormatRange(p))
	}
	return of
}
