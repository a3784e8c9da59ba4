<?php
// Sends a code by plain JSON, with nothing installed, reads it in the development inbox, verifies it, and tells what each refusal says.
//   php send-and-verify.php [HTTP_URL] [PHONE_NUMBER]
declare(strict_types=1);

[$url, $phone] = array_slice($argv, 1) + ['http://127.0.0.1:8080', '+14155552671'];

final class Refused extends RuntimeException
{
    public function __construct(public readonly string $status, private readonly array $details, string $message)
    {
        parent::__construct($message);
    }

    /** The typed detail, such as ErrorInfo; `debug` is its JSON form. */
    public function detail(string $type): array
    {
        return array_column($this->details, 'debug', 'type')["google.rpc.$type"] ?? [];
    }

    public function waitSeconds(): float
    {
        return (float) ($this->detail('RetryInfo')['retryDelay'] ?? 1);
    }
}

/** One call over the Connect protocol's JSON form, which is a POST. */
function call(string $method, array $request): array
{
    $headers = ['content-type: application/json', ...(getenv('COUNTERSIGN_KEY') ? ['authorization: Bearer ' . getenv('COUNTERSIGN_KEY')] : [])];
    $http = ['method' => 'POST', 'header' => $headers, 'content' => json_encode($request), 'timeout' => 15, 'ignore_errors' => true];
    $body = @file_get_contents("{$GLOBALS['url']}/countersign.v1.CodeService/$method", context: stream_context_create(['http' => $http]));
    $answer = $body === false ? ['code' => 'unavailable', 'message' => 'no answer'] : json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    return isset($answer['code']) ? throw new Refused($answer['code'], $answer['details'] ?? [], $answer['message'] ?? '') : $answer;
}

/** Repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same. */
function insist(string $method, array $request, int $triesLeft = 3): array
{
    try {
        return call($method, $request);
    } catch (Refused $error) {
        if ($triesLeft === 0 || !in_array($error->status, ['unavailable', 'aborted'], true)) throw $error;
        usleep((int) ($error->waitSeconds() * 1e6));
        return insist($method, $request, $triesLeft - 1);
    }
}

/** What the caller can do, out of the typed details. */
function advise(Refused $error): string
{
    ['reason' => $reason, 'metadata' => $metadata] = $error->detail('ErrorInfo') + ['reason' => '', 'metadata' => []];
    return match ($reason === 'TOO_MANY_ATTEMPTS' ? "$reason {$metadata['scope']}" : $reason) {
        'INVALID_ARGUMENT' => implode('; ', array_map(fn ($each) => "{$each['field']}: {$each['description']}", $error->detail('BadRequest')['fieldViolations'])),
        'CODE_MISMATCH', 'BINDING_MISMATCH' => "{$metadata['attempts_remaining']} guesses left",
        'RESEND_COOLDOWN', 'RATE_LIMITED', 'TOO_MANY_ATTEMPTS recipient' => 'again in ' . ceil($error->waitSeconds()) . ' s',
        'TOO_MANY_ATTEMPTS challenge', 'CODE_EXPIRED', 'CODE_ALREADY_USED', 'CHALLENGE_CANCELED', 'CHALLENGE_NOT_FOUND' => 'send a new code',
        default => throw $error,
    };
}

/** Throws when the call is OK: these are meant to be refused. */
function refused(string $method, array $request): void
{
    try {
        call($method, $request);
    } catch (Refused $error) {
        echo "refused: {$error->detail('ErrorInfo')['reason']} (" . advise($error) . ")\n";
        return;
    }
    throw new LogicException("$method was not refused");
}

$key = fn () => bin2hex(random_bytes(16));
$to = fn (string $number) => ['recipient' => ['phoneNumber' => $number], 'purpose' => 'login', 'idempotencyKey' => $key()];
refused('SendCode', $to('12'));
['challengeId' => $challengeId, 'maskedRecipient' => $masked] = insist('SendCode', $to($phone))['challenge'];
echo "sent to $masked\n";
refused('ResendCode', ['challengeId' => $challengeId, 'idempotencyKey' => $key()]);
$code = json_decode(file_get_contents("$url/dev/inbox?to=" . urlencode($phone)), true)[0]['code'];
$guess = fn (string $code) => ['challengeId' => $challengeId, 'code' => $code, 'purpose' => 'login', 'requestId' => $key()];
refused('VerifyCode', $guess(substr($code, 0, -1) . ($code[-1] + 1) % 10));
echo 'verified ', insist('VerifyCode', $guess($code))['recipient']['phoneNumber'], "\n";
refused('VerifyCode', $guess($code));
