using System.Security.Cryptography;
using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Callers;

/// <summary>
/// Callers and their keys, for administrators. A key is shown in the answer that made it and never again. Every method needs an
/// administrator's key. Changes hold at once on this instance, and within <see cref="GatewayOptions.CallersAge"/> on the others. Safe for
/// concurrent use.
/// </summary>
public sealed class CallersApi
{
    private const int MaxBody = 16 * 1024;
    private const int MaxDepth = 8;
    private const int MaxRaces = 8;
    private const int HintLength = 7;

    private readonly ICallerStore _store;
    private readonly CallerDirectory _directory;
    private readonly RequestPipeline _pipeline;
    private readonly RandomNumberGenerator _random;
    private readonly TimeProvider _time;
    private readonly ILogger<CallersApi> _logger;

    internal CallersApi(
        ICallerStore store, CallerDirectory directory, RequestPipeline pipeline, RandomNumberGenerator random, TimeProvider time, ILogger<CallersApi> logger)
    {
        (_store, _directory, _pipeline, _random, _time, _logger) = (store, directory, pipeline, random, time, logger);
    }

    /// <summary><c>GET</c> <see cref="Routes.Callers"/>: every caller, by name.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => RunAsync(request, async (_, cancellationToken) =>
    {
        List<CallerView> views = [.. _directory.Configured.Values.Select(caller => Configured(request, caller))];
        await foreach (var stored in _store.ListAsync(cancellationToken))
        {
            if (!_directory.Configured.ContainsKey(stored.Caller.Name))
            {
                views.Add(View(request, stored.Caller));
            }
        }

        views.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return new JsonResponse<CallerListView>(new CallerListView(views), CallersJsonContext.Default.CallerListView);
    });

    /// <summary><c>POST</c> <see cref="Routes.Callers"/>: a new caller with its first key; 201.</summary>
    public Task<IResult> PostAsync(HttpRequest request) => RunAsync(request, async (admin, cancellationToken) =>
    {
        var errors = new FieldErrors();
        var (asked, problem) = await ReadAsync(request, root => CallerRequests.ReadNew(root, errors), errors, cancellationToken);
        if (asked is null)
        {
            return problem!.ToResult();
        }

        if (_directory.Configured.ContainsKey(asked.Name))
        {
            return Problem.CallerConfigured(asked.Name).ToResult();
        }

        var now = _time.GetUtcNow();
        var (key, record) = NewKey(now);
        var caller = asked with { Keys = [record], CreatedAt = now, UpdatedAt = now };
        if (await _store.AddAsync(caller, cancellationToken) is not { } version)
        {
            return Problem.CallerExists(caller.Name).ToResult();
        }

        _directory.Forget();
        Log.CallerCreated(_logger, caller.Name, admin.Name, caller.IsAdmin);
        request.HttpContext.Response.Headers.Location = CallerView.Path(request.PathBase, caller.Name);
        return Answer(request, caller, version, key, StatusCodes.Status201Created);
    });

    /// <summary><c>GET</c> <see cref="Routes.Caller"/>: a caller; 304 when it has not changed.</summary>
    public Task<IResult> GetAsync(HttpRequest request, string name) => RunAsync(request, async (_, cancellationToken) =>
    {
        if (_directory.Configured.TryGetValue(name, out var configured))
        {
            return new JsonResponse<CallerView>(Configured(request, configured), CallersJsonContext.Default.CallerView);
        }

        if (await FindAsync(name, cancellationToken) is not { } stored)
        {
            return Problem.CallerNotFound().ToResult();
        }

        var tag = TagOf(stored.Version);
        if (EntityTags.IsUnchanged(request, tag))
        {
            request.HttpContext.Response.Headers.ETag = tag;
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        return Answer(request, stored.Caller, stored.Version);
    });

    /// <summary><c>PATCH</c> <see cref="Routes.Caller"/>: changes what the body names; a limit that is null goes.</summary>
    public Task<IResult> PatchAsync(HttpRequest request, string name) => RunAsync(request, async (admin, cancellationToken) =>
    {
        var errors = new FieldErrors();
        var (body, problem) = await ReadAsync(request, root => root.Clone(), errors, cancellationToken);
        return problem is not null
            ? problem.ToResult()
            : await ChangeAsync(request, name, admin, caller =>
            {
                var changed = CallerRequests.ReadChange(body, caller, errors);
                return errors.Any ? (null, Problem.InvalidRequest(errors.All)) : (changed, null);
            }, cancellationToken);
    });

    /// <summary><c>POST</c> <see cref="Routes.CallerDisable"/>: its keys are refused from now on. Idempotent.</summary>
    public Task<IResult> DisableAsync(HttpRequest request, string name) => RunAsync(request, (admin, cancellationToken) =>
        ChangeAsync(request, name, admin, static caller => (caller with { IsDisabled = true }, null), cancellationToken));

    /// <summary><c>POST</c> <see cref="Routes.CallerEnable"/>: its keys are accepted again. Idempotent.</summary>
    public Task<IResult> EnableAsync(HttpRequest request, string name) => RunAsync(request, (admin, cancellationToken) =>
        ChangeAsync(request, name, admin, static caller => (caller with { IsDisabled = false }, null), cancellationToken));

    /// <summary><c>POST</c> <see cref="Routes.CallerRotate"/>: a new key; the old ones stay valid for the overlap asked for.</summary>
    public Task<IResult> RotateAsync(HttpRequest request, string name) => RunAsync(request, async (admin, cancellationToken) =>
    {
        var errors = new FieldErrors();
        var overlap = CallerRequests.DefaultOverlap;
        if (HasBody(request))
        {
            var (read, problem) = await ReadAsync(request, root => CallerRequests.ReadOverlap(root, errors), errors, cancellationToken);
            if (problem is not null)
            {
                return problem.ToResult();
            }

            overlap = read;
        }

        var now = _time.GetUtcNow();
        var (key, record) = NewKey(now);
        var end = now + overlap;
        return await ChangeAsync(request, name, admin, caller =>
        {
            var old = overlap == TimeSpan.Zero
                ? []
                : caller.Keys.Where(k => k.IsValidAt(now)).Select(k => k with { ExpiresAt = k.ExpiresAt < end ? k.ExpiresAt : end }).ToList();
            return old.Count >= CallerRecord.MaxKeys
                ? (null, Problem.TooManyKeys(CallerRecord.MaxKeys))
                : (caller with { Keys = [.. old, record] }, null);
        }, cancellationToken, key);
    });

    /// <summary><c>DELETE</c> <see cref="Routes.Caller"/>: the caller and its keys; its jobs and usage stay. 204.</summary>
    public Task<IResult> DeleteAsync(HttpRequest request, string name) => RunAsync(request, async (admin, cancellationToken) =>
    {
        for (var race = 0; race < MaxRaces; race++)
        {
            var (stored, problem) = await FindToChangeAsync(request, name, cancellationToken);
            problem ??= await LastAdminAsync(stored!.Caller, after: null, cancellationToken);
            if (problem is not null)
            {
                return problem.ToResult();
            }

            if (await _store.DeleteAsync(name, stored!.Version, cancellationToken))
            {
                _directory.Forget();
                Log.CallerDeleted(_logger, name, admin.Name);
                return Results.NoContent();
            }
        }

        throw new StorageUnavailableException($"Caller {name} kept changing.");
    });

    private Task<IResult> RunAsync(HttpRequest request, Func<Caller, CancellationToken, Task<IResult>> handle) =>
        _pipeline.RunAsync(request, (caller, cancellationToken) => caller.IsAdmin
            ? handle(caller, cancellationToken)
            : Task.FromResult(Problem.AdminOnly("Only an administrator may see and change callers.", "Use an administrator's key.").ToResult()));

    private async Task<IResult> ChangeAsync(
        HttpRequest request, string name, Caller admin, Func<CallerRecord, (CallerRecord? Changed, Problem? Problem)> change,
        CancellationToken cancellationToken, string? key = null)
    {
        for (var race = 0; race < MaxRaces; race++)
        {
            var (stored, problem) = await FindToChangeAsync(request, name, cancellationToken);
            if (problem is not null)
            {
                return problem.ToResult();
            }

            (var changed, problem) = change(stored!.Caller);
            problem ??= await LastAdminAsync(stored.Caller, changed, cancellationToken);
            if (problem is not null)
            {
                return problem.ToResult();
            }

            changed = changed! with { UpdatedAt = _time.GetUtcNow() };
            if (await _store.UpdateAsync(changed, stored.Version, cancellationToken) is { } version)
            {
                _directory.Forget();
                Log.CallerChanged(_logger, name, admin.Name, changed.IsDisabled, key is not null);
                return Answer(request, changed, version, key);
            }
        }

        throw new StorageUnavailableException($"Caller {name} kept changing.");
    }

    private async Task<(StoredCaller? Stored, Problem? Problem)> FindToChangeAsync(HttpRequest request, string name, CancellationToken cancellationToken)
    {
        if (_directory.Configured.ContainsKey(name))
        {
            return (null, Problem.CallerConfigured(name));
        }

        if (await FindAsync(name, cancellationToken) is not { } stored)
        {
            return (null, Problem.CallerNotFound());
        }

        return EntityTags.IsOutdated(request, TagOf(stored.Version)) ? (null, Problem.Outdated()) : (stored, null);
    }

    private async Task<StoredCaller?> FindAsync(string name, CancellationToken cancellationToken) =>
        CallerNames.IsValid(name) ? await _store.FindAsync(name, cancellationToken) : null;

    /// <summary>Somebody has to be left who can put things right.</summary>
    private async Task<Problem?> LastAdminAsync(CallerRecord before, CallerRecord? after, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (!Administers(before, now) || (after is not null && Administers(after, now)) || _directory.Configured.Values.Any(caller => caller.IsAdmin))
        {
            return null;
        }

        await foreach (var other in _store.ListAsync(cancellationToken))
        {
            if (other.Caller.Name != before.Name && Administers(other.Caller, now))
            {
                return null;
            }
        }

        return Problem.LastAdmin(before.Name);
    }

    private static bool Administers(CallerRecord caller, DateTimeOffset now) =>
        caller is { IsAdmin: true, IsDisabled: false } && caller.Keys.Any(key => key.IsValidAt(now));

    private static async Task<(T? Value, Problem? Problem)> ReadAsync<T>(
        HttpRequest request, Func<JsonElement, T?> read, FieldErrors errors, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await BodyReader.ReadJsonAsync(request, MaxBody, cancellationToken);
        if (body is null)
        {
            return (default, unreadable);
        }

        using (body)
        {
            var (document, problem) = JsonText.Parse(body.Bytes, MaxDepth);
            if (document is null)
            {
                return (default, problem);
            }

            using (document)
            {
                var value = read(document.RootElement);
                return errors.Any ? (default, Problem.InvalidRequest(errors.All)) : (value, null);
            }
        }
    }

    private static bool HasBody(HttpRequest request) =>
        request.ContentLength > 0 || request.ContentType is not null || request.Headers.TransferEncoding.Count > 0;

    private (string Key, CallerKey Record) NewKey(DateTimeOffset now)
    {
        var key = ApiKeys.Create(_random);
        var hash = ApiKeys.Hash(key);
        return (key, new CallerKey { Id = ApiKeys.IdOf(hash), Hash = hash, Hint = key[..HintLength], CreatedAt = now });
    }

    private static string TagOf(string version) => EntityTags.Of(version, "caller");

    private JsonResponse<CallerView> Answer(HttpRequest request, CallerRecord caller, string version, string? key = null, int status = StatusCodes.Status200OK)
    {
        request.HttpContext.Response.Headers.ETag = TagOf(version);
        return new JsonResponse<CallerView>(View(request, caller, key), CallersJsonContext.Default.CallerView, status);
    }

    private CallerView View(HttpRequest request, CallerRecord caller, string? key = null) =>
        CallerView.Of(caller, CallerView.Table, request.PathBase, _time.GetUtcNow(), key);

    private CallerView Configured(HttpRequest request, CallerRecord caller) =>
        CallerView.Of(caller, CallerView.Configuration, request.PathBase, _time.GetUtcNow());
}
