// inodes-cpp: the check of ../inodes in C++17. The interface is plain C, and no exception may cross it: this is built
// without them (-fno-exceptions). What can throw belongs into a try block of each phase, which then returns a status.
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <sys/statvfs.h>

#include <belay/plugin.h>

namespace
{

class FileSystem
{
  public:
    static std::optional<FileSystem> of(const char *path)
    {
        struct statvfs fs;
        if (statvfs(path, &fs) != 0)
            return std::nullopt;
        return FileSystem(fs);
    }

    bool counts_inodes() const
    {
        return fs_.f_files != 0;
    }
    double free_share() const
    {
        return static_cast<double>(fs_.f_favail) / static_cast<double>(fs_.f_files);
    }

  private:
    explicit FileSystem(const struct statvfs &fs) : fs_(fs)
    {
    }
    struct statvfs fs_;
};

belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "path");
    const std::optional<FileSystem> fs = FileSystem::of(path);
    if (!fs) {
        const std::string why =
            std::string("the file system of '") + path + "' cannot be looked at: " + strerror(errno);
        h->explain(c, why.c_str(), "name a path that is there", "path");
        return BELAY_E_RETRY;
    }
    if (!fs->counts_inodes()) {
        h->log(c, 1, "this file system makes inodes as it needs them");
        return h->measure(c, "free", 100);
    }
    return h->measure(c, "free", 100 * fs->free_share());
}

// Constant expressions, so that nothing runs when the plugin is loaded; what is not named here is zero, also the
// members that a later header adds.
constexpr belay_option path_option()
{
    belay_option o{};
    o.name = "path";
    o.type = BELAY_T_PATH;
    o.flags = BELAY_F_REQUIRED;
    o.doc = "A file or folder on the file system to look at.";
    o.example = "/var/lib/docker";
    return o;
}

constexpr belay_metric free_metric()
{
    belay_metric m{};
    m.name = "free";
    m.unit = "%";
    m.doc = "Inodes that are free.";
    m.warn = "< 20";
    m.fail = "< 5";
    return m;
}

constexpr belay_option options[] = {path_option()};
constexpr belay_metric metrics[] = {free_metric()};

constexpr belay_step free_step()
{
    belay_step s{};
    s.name = "free";
    s.doc = "Checks that a file system has room for more files.";
    s.flags = BELAY_S_READ_ONLY;
    s.options = options;
    s.option_count = 1;
    s.option_stride = sizeof options[0];
    s.metrics = metrics;
    s.metric_count = 1;
    s.metric_stride = sizeof metrics[0];
    s.verify = verify;
    return s;
}

constexpr belay_step steps[] = {free_step()};

constexpr belay_plugin make_plugin()
{
    belay_plugin p{};
    p.struct_size = sizeof p;
    p.built_minor = BELAY_ABI_MINOR;
    p.steps = steps;
    p.step_count = 1;
    p.step_stride = sizeof steps[0];
    p.name = "inodes-cpp";
    p.version = "0.1.0";
    p.doc = "Inodes of file systems, in C++.";
    return p;
}

constexpr belay_plugin plugin = make_plugin();

} // namespace

// The header declares it extern "C".
const belay_plugin *belay_plugin_v1()
{
    return &plugin;
}
