package dev.vicreg.tools.evaluation.advice;

import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is tried on a kind of data, the most promising first; candidates whose views are the same come once. */
public final class Candidates {
    private final String preset;
    private final List<Candidate> all = new ArrayList<>();
    private final Set<Object> seen = new HashSet<>();

    private Candidates(String preset) {
        this.preset = preset;
    }

    /**
     * Those for data of a kind.
     *
     * @param strangeness of each {@link Change}, by its name
     */
    public static List<Candidate> of(Kind<?> kind, Map<String, Double> strangeness) {
        Candidates candidates = new Candidates(kind.preset());
        switch (kind.noun()) {
            case "pictures" -> candidates.pictures(strangeness);
            case "vectors" -> candidates.vectors();
            case "signals" -> candidates.signals();
            default -> candidates.sequences();
        }
        return List.copyOf(candidates.all);
    }

    /**
     * Views without what is strange to the set, then more and less of them. What is left out was measured: docs/advise.md.
     */
    private void pictures(Map<String, Double> strangeness) {
        Map<String, String> without = new LinkedHashMap<>(); // settings by what they leave out
        without.put("flip", ",flip=0");
        without.put("solarise", ",solarise=0");
        without.put("crop", ",crop-min=0.6");
        without.keySet().removeIf(name -> !isStrange(name, strangeness));
        String views = String.join("", without.values());
        Candidate usual = views("usual", "the usual views", "");
        Candidate fitting = views.isEmpty() ? usual : views("fitting", "without what is strange", views);
        String also = views.isEmpty() ? "" : fitting.what() + ", ";
        add(fitting);
        objectives(fitting);
        add(usual);
        add(views("wide-windows", also + "windows of 60 % and more", views + ",crop-min=0.6"));
        if (strangeness.getOrDefault("grey", 2.0) != 1.0) { // otherwise all are grey
            add(views("light", also + "no other hues or greys", views + ",saturation=0,hue=0,grey=0"));
        }
        add(views("colours-kept", also + "colours as they are", views + ",jitter=0,grey=0,solarise=0"));
        add(views(
                "shifts",
                also + "shifts and blur alone",
                views + ",crop-min=0.8,ratio-min=0.9,ratio-max=1.11,jitter=0,grey=0,solarise=0,blur=0.5"));
    }

    private static boolean isStrange(String name, Map<String, Double> strangeness) {
        return Change.of(PictureKind.PICTURES).stream()
                .anyMatch(
                        change -> change.name().equals(name) && change.isStrange(strangeness.getOrDefault(name, 1.0)));
    }

    private void vectors() {
        Candidate usual = views("usual", "the usual views", "");
        add(usual);
        objectives(usual);
        add(views("light", "less from other rows", ",mask=0.1,mix=0"));
        add(views("heavy", "more from other rows", ",mask=0.6"));
        add(views("noise", "noise alone", ",mask=0,noise=0.3,mix=0"));
        add(views("mix", "mixed rows alone", ",mask=0,mix=0.5"));
    }

    private void signals() {
        Candidate usual = views("usual", "the usual views", "");
        add(usual);
        objectives(usual);
        add(usual.with("log-mel", usual.what() + ", log-mel", "front-end", "log-mel"));
        add(views("upright", "never upside down", ",polarity=0"));
        add(views("pace", "at their pace", ",speed=0"));
        add(views("light", "neither noise nor gaps", ",noise=0,mask=0,gain=3"));
        add(views("shifts", "shifted by up to a half", ",shift=0.5"));
    }

    private void sequences() {
        Candidate usual = views("usual", "the usual views", "");
        add(usual);
        objectives(usual);
        add(views("long", "stretches of 80 % and more", ",crop-min=0.8"));
        add(views("short", "stretches of 30 % and more", ",crop-min=0.3"));
        add(views("masked", "twice as much masked", ",mask=0.3"));
        add(views("unmasked", "nothing masked", ",mask=0"));
        add(views("replaced", "some replaced and deleted", ",replace=0.1,delete=0.1"));
    }

    private void objectives(Candidate base) {
        add(base.with(base.name() + "-coding-rate", base.what() + ", coding rate", "objective", "coding-rate"));
        add(base.with(base.name() + "-simclr", base.what() + ", SimCLR", "objective", "simclr"));
    }

    private Candidate views(String name, String what, String settings) {
        Map<String, String> options = new LinkedHashMap<>();
        if (!settings.isEmpty()) {
            options.put("augment", preset + settings);
        }
        return new Candidate(name, what, options);
    }

    private void add(Candidate candidate) {
        Map<String, Object> same = new LinkedHashMap<>(candidate.options());
        same.put("augment", Augmentations.parse(candidate.options().getOrDefault("augment", preset)));
        if (seen.add(same)) {
            all.add(candidate);
        }
    }
}
