package dev.vicreg.training.loop;

import dev.vicreg.training.finding.Fault;
import dev.vicreg.training.finding.Findings;
import dev.vicreg.training.run.Metrics;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a run has written of itself so far, as far as that matters to how it goes on. Not thread-safe. */
final class Past implements Metrics.Reader {
    private final Findings findings;
    private final Map<String, Float> notFinite = new LinkedHashMap<>();

    /** Nothing so far: {@code findings} will see what is read. */
    Past(Findings findings) {
        this.findings = findings;
    }

    /** As if they had seen the run from its start. */
    Findings findings() {
        return findings;
    }

    /** A number that the last finding of numbers gone wrong was told by; {@code otherwise} where there is none. */
    float lastNotFinite(String evidence, float otherwise) {
        return notFinite.getOrDefault(evidence, otherwise);
    }

    @Override
    public void values(long step, Map<String, Float> values) {
        findings.see(step, values);
    }

    @Override
    public void finding(String fault, Map<String, Float> evidence) {
        findings.tell(fault);
        if (fault.equals(Fault.NOT_FINITE.id())) {
            notFinite.putAll(evidence);
        }
    }
}
