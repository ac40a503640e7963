namespace Cinegrain.Elasticsearch;

/// <summary>
/// Nodes in turn; one that did not answer is left out for a while, which doubles from 1 to 60 seconds as long as it does not. When all are left
/// out, the one is tried that waits longest.
/// </summary>
internal sealed class NodePool
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Node[] _nodes;
    private readonly TimeProvider _time;
    private int _next;

    public NodePool(IEnumerable<Uri> nodes, TimeProvider time)
    {
        _nodes = [.. nodes.Select(uri => new Node(uri))];
        _time = time;
    }

    public int Count => _nodes.Length;

    /// <summary>The node to ask next, other than those asked already.</summary>
    public Node Take(IReadOnlyCollection<Node> asked)
    {
        lock (_gate)
        {
            Node? best = null;
            var now = _time.GetUtcNow();
            for (var i = 0; i < _nodes.Length; i++)
            {
                var node = _nodes[(_next + i) % _nodes.Length];
                if (asked.Contains(node))
                {
                    continue;
                }

                if (node.LeftOutUntil <= now)
                {
                    best = node;
                    break;
                }

                best = best is null || node.LeftOutUntil < best.LeftOutUntil ? node : best;
            }

            _next = (_next + 1) % _nodes.Length;
            return best ?? _nodes[_next];
        }
    }

    public void Answered(Node node)
    {
        lock (_gate)
        {
            node.LeftOutUntil = default;
            node.Pause = default;
        }
    }

    public void Failed(Node node)
    {
        lock (_gate)
        {
            node.Pause = node.Pause == default ? Shortest : node.Pause * 2 < Longest ? node.Pause * 2 : Longest;
            node.LeftOutUntil = _time.GetUtcNow() + node.Pause;
        }
    }

    /// <summary>One node; its state belongs to the pool.</summary>
    internal sealed class Node(Uri uri)
    {
        public Uri Uri { get; } = uri.AbsolutePath.EndsWith('/') ? uri : new Uri(uri.AbsoluteUri + "/");

        public DateTimeOffset LeftOutUntil { get; set; }

        public TimeSpan Pause { get; set; }
    }
}
